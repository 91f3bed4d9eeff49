"""What a person may sign about their consent, and what is refused."""

import msgspec
import pytest

from config.did_limits import CONSENT_AGE_S_MAX, CONSENT_S_MAX, CONSENT_STATEMENT_BYTES_MAX
from config.errors import RefusedError
from did.consent.evaluation import check_authority, compute_consents
from did.consent.policies import (
    CONSENT_TYPE,
    Act,
    ConsentClaims,
    ConsentError,
    ConsentStatement,
    Grant,
    Mandate,
    Revocation,
    parse_consent,
    render_consent,
)
from did.consent.terms import FORBIDDEN_TERMS, Purpose, Resource
from did.jcs import canonicalize
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method
from did.verification_keys import KeyKind, VerificationKey

_NOW_S = 1_800_000_000
_COOPERATIVE = b"\x07" * 32
_PERSON = KeyPair(b"\x01" * 32)
_STEWARD = KeyPair(b"\x02" * 32)
_GRANT = Grant(
    id="0a" * 16,
    grantee="class:federation",
    purposes=(Purpose.HEALTH_RESEARCH,),
    resources=(Resource.RECORDS,),
    from_s=_NOW_S,
    until_s=_NOW_S + 86_400,
)
_MANDATE = Mandate(
    id="0b" * 16,
    steward=did_key(_STEWARD.public_key),
    purposes=(Purpose.HEALTH_RESEARCH,),
    resources=(Resource.RECORDS,),
    from_s=_NOW_S,
    until_s=_NOW_S + 86_400,
)


def _claims(act: Act, *, seq: int = 1, mandate: str = "") -> ConsentClaims:
    return ConsentClaims(
        cooperative=_COOPERATIVE.hex(), seq=seq, iat=_NOW_S, act=act, mandate=mandate
    )


def _sign(payload: bytes, *, key: KeyPair = _PERSON, typ: str = CONSENT_TYPE) -> str:
    return sign_jws(payload, key=key, kid=did_key_verification_method(key.public_key), typ=typ)


def _parse(text: str, *, seq_before: int = 0, now_s: int = _NOW_S) -> ConsentStatement:
    return parse_consent(text, cooperative_id=_COOPERATIVE, seq_before=seq_before, now_s=now_s)


def _statement(claims: ConsentClaims, *, key: KeyPair = _PERSON) -> ConsentStatement:
    return _parse(_sign(render_consent(claims), key=key), seq_before=claims.seq - 1)


@pytest.mark.parametrize("act", [_GRANT, _MANDATE, Revocation(id="0c" * 16)])
def test_a_signed_statement_says_what_was_signed(act: Act) -> None:
    """Also through JSON, and with the signature of the person's key."""
    statement = _statement(_claims(act))

    assert statement.claims == _claims(act)
    assert statement.did == did_key(_PERSON.public_key)
    assert statement.token.is_signed_by(
        VerificationKey(kind=KeyKind.ED25519, public_key=_PERSON.public_key)
    )


@pytest.mark.parametrize("term", sorted(FORBIDDEN_TERMS))
def test_forbidden_uses_cannot_be_granted(term: str) -> None:
    """Whatever the spelling, and however many permitted purposes stand beside it."""
    value = msgspec.to_builtins(_claims(_GRANT))
    value["act"]["purposes"] = [*value["act"]["purposes"], term]

    with pytest.raises(ConsentError, match="nobody can consent"):
        _parse(_sign(canonicalize(value)))


def test_an_unknown_purpose_is_refused() -> None:
    """The list is closed: what it lacks is not permitted."""
    value = msgspec.to_builtins(_claims(_GRANT))
    value["act"]["purposes"] = ["DUO:0000004"]

    with pytest.raises(ConsentError, match="malformed"):
        _parse(_sign(canonicalize(value)))


@pytest.mark.parametrize("seq_before", [1, 2, 5])
def test_an_older_statement_cannot_be_played_again(seq_before: int) -> None:
    """Else a grant would come back after its revocation."""
    text = _sign(render_consent(_claims(_GRANT)))

    with pytest.raises(ConsentError, match=f"number {seq_before + 1}"):
        _parse(text, seq_before=seq_before)


@pytest.mark.parametrize("shift_s", [-3_600, CONSENT_AGE_S_MAX + 1])
def test_a_stale_statement_is_refused(shift_s: int) -> None:
    """From the future as well as from the past."""
    with pytest.raises(ConsentError, match="stale"):
        _parse(_sign(render_consent(_claims(_GRANT))), now_s=_NOW_S + shift_s)


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        (msgspec.structs.replace(_GRANT, until_s=_NOW_S), "ends after it begins"),
        (msgspec.structs.replace(_GRANT, from_s=0, until_s=_NOW_S), "in the future"),
        (msgspec.structs.replace(_GRANT, until_s=_NOW_S + CONSENT_S_MAX + 1), "within"),
        (msgspec.structs.replace(_GRANT, purposes=_GRANT.purposes * 2), "named once"),
        (msgspec.structs.replace(_GRANT, grantee="class:everybody"), "class from the list"),
    ],
)
def test_a_grant_has_bounds(grant: Grant, reason: str) -> None:
    """In time, in terms and in whom it may name."""
    with pytest.raises(ConsentError, match=reason):
        _parse(_sign(render_consent(_claims(grant))))


def test_a_statement_for_another_cooperative_is_refused() -> None:
    """Being a member of two, one's consent says nothing to the other."""
    text = _sign(render_consent(_claims(_GRANT)))

    with pytest.raises(ConsentError, match="another cooperative"):
        parse_consent(text, cooperative_id=b"\x08" * 32, seq_before=0, now_s=_NOW_S)


def test_another_kind_of_statement_is_no_consent() -> None:
    """What was signed to log in never grants anything."""
    with pytest.raises(ConsentError, match="has the type"):
        _parse(_sign(render_consent(_claims(_GRANT)), typ="rochdale-login+jws"))


@pytest.mark.parametrize(
    "payload",
    [b"[]", b"{}", b'{"act":' + b"[" * 40 + b"]" * 40 + b"}", b" " * CONSENT_STATEMENT_BYTES_MAX],
)
def test_malformed_statements_are_refused(payload: bytes) -> None:
    """Wrong shape, too deep, too long."""
    with pytest.raises(RefusedError):
        _parse(_sign(payload))


def _check(claims: ConsentClaims, *before: ConsentClaims, key: KeyPair) -> None:
    check_authority(
        _statement(claims, key=key),
        compute_consents(before),
        did=did_key(_PERSON.public_key),
        now_s=_NOW_S,
    )


def test_a_steward_grants_within_the_mandate() -> None:
    """And may change what was granted under it."""
    decision = _claims(_GRANT, seq=2, mandate=_MANDATE.id)

    _check(decision, _claims(_MANDATE), key=_STEWARD)
    _check(msgspec.structs.replace(decision, seq=3), _claims(_MANDATE), decision, key=_STEWARD)


@pytest.mark.parametrize(
    "act",
    [
        msgspec.structs.replace(_GRANT, purposes=(Purpose.GENERAL_RESEARCH,)),
        msgspec.structs.replace(_GRANT, resources=(Resource.STATEMENTS,)),
        msgspec.structs.replace(_GRANT, until_s=_MANDATE.until_s + 1),
        msgspec.structs.replace(_MANDATE, until_s=_MANDATE.until_s + 1),
        Revocation(id=_MANDATE.id),
    ],
)
def test_a_steward_does_nothing_beyond_the_mandate(act: Act) -> None:
    """Neither other purposes, resources and times, nor mandates of their own."""
    with pytest.raises(ConsentError):
        _check(_claims(act, seq=2, mandate=_MANDATE.id), _claims(_MANDATE), key=_STEWARD)


def test_a_steward_cannot_change_the_persons_own_grant() -> None:
    """The mandate is to decide what the person left open."""
    with pytest.raises(ConsentError, match="same mandate alone"):
        _check(
            _claims(_GRANT, seq=3, mandate=_MANDATE.id),
            _claims(_MANDATE),
            _claims(_GRANT, seq=2),
            key=_STEWARD,
        )


def test_nobody_decides_under_a_revoked_mandate() -> None:
    """The person's word ends it at once."""
    with pytest.raises(ConsentError, match="no such mandate"):
        _check(
            _claims(_GRANT, seq=3, mandate=_MANDATE.id),
            _claims(_MANDATE),
            _claims(Revocation(id=_MANDATE.id), seq=2),
            key=_STEWARD,
        )


def test_another_key_cannot_speak_for_the_person() -> None:
    """A stranger, and a steward who names no mandate."""
    with pytest.raises(ConsentError, match="another DID"):
        _check(_claims(_GRANT), key=_STEWARD)


def test_what_is_not_there_cannot_be_revoked() -> None:
    """A wallet that is behind is told so."""
    with pytest.raises(ConsentError, match="no such grant"):
        _check(_claims(Revocation(id=_GRANT.id)), key=_PERSON)


def test_a_kid_without_a_key_is_refused() -> None:
    """The signer names the verification method."""
    text = sign_jws(
        render_consent(_claims(_GRANT)), key=_PERSON, kid="did:key:z6Mk", typ=CONSENT_TYPE
    )

    with pytest.raises(ConsentError, match="verification method"):
        _parse(text)
