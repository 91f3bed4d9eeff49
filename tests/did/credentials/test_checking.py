"""What makes a credential or a presentation pass, and everything that makes it fail."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import RefusedError
from did.credentials.checking import find_needs
from did.credentials.contexts import CREDENTIALS_CONTEXT
from did.credentials.refusals import CredentialError
from did.credentials.status_lists import StatusPurpose
from did.documents import read_did_document
from did.jcs import parse_json_object
from did.keys import did_key, encode_multikey
from tests.did.credentials.parties import (
    HOLDER,
    ISSUER,
    LIST_URL,
    OTHER,
    check,
    check_shown,
    date,
    did_of,
    make_credential,
    make_evidence,
    make_list,
    make_presentation,
    make_status,
    method_of,
    resolve,
    show,
    sign,
)
from tests.did.credentials.test_data_integrity import hash_rdf

SIGNED = sign(make_credential())
SHOWN = show(make_presentation(SIGNED))
ALL_LISTS = {"status_lists": {LIST_URL: make_list(3)}}


def test_a_good_credential_passes() -> None:
    """And tells what the caller goes on with."""
    credential = check(SIGNED, types=frozenset({"MembershipCredential"}))

    assert credential.issuer == did_of(ISSUER)
    assert credential.subjects[0]["memberOf"] == did_of(ISSUER)


def test_a_good_presentation_passes() -> None:
    """Signed by its holder, for this verifier, over this challenge."""
    (credential,) = check_shown(SHOWN)

    assert credential.subjects[0]["id"] == did_of(HOLDER)


def test_needs_name_everything_that_is_asked_for() -> None:
    """Both parties' DIDs and the list."""
    listed = sign(make_credential(credentialStatus=make_status()))

    needs = find_needs(show(make_presentation(listed)))

    assert needs.dids == {did_of(ISSUER), did_of(HOLDER)}
    assert [reference.list_url for reference in needs.status_references] == [LIST_URL]
    assert find_needs(SIGNED).dids == {did_of(ISSUER)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"validUntil": date()}, "expired"),
        ({"validFrom": date(301), "validUntil": date(400)}, "not valid yet"),
        ({"validFrom": date(50), "validUntil": date(40)}, "before validFrom"),
    ],
)
def test_refuses_expired_and_future_credentials(changes: dict[str, Any], reason: str) -> None:
    """The last second is the one before `validUntil`; five minutes of slack at the start."""
    with pytest.raises(CredentialError, match=reason):
        check(sign(make_credential(**changes)))
    check(sign(make_credential(validUntil=date(1))))
    check(sign(make_credential(validFrom=date(300), validUntil=date(400))))


@pytest.mark.parametrize("purpose", list(StatusPurpose))
def test_refuses_revoked_and_suspended_credentials(purpose: StatusPurpose) -> None:
    """One bit decides; its neighbours do not."""
    credential = sign(make_credential(credentialStatus=make_status(7, purpose)))
    purposes = frozenset({purpose.value})
    word = {"revocation": "revoked", "suspension": "suspended"}[purpose]

    free = make_evidence(status_lists={LIST_URL: make_list(6, 8, purposes=purposes)})
    check(credential, evidence=free)
    held = make_evidence(status_lists={LIST_URL: make_list(7, purposes=purposes)})
    with pytest.raises(CredentialError, match=word):
        check(credential, evidence=held)


def test_refuses_a_credential_whose_status_nobody_can_tell() -> None:
    """No list, another issuer's, another purpose, out of date, too short, not understood."""
    credential = sign(make_credential(credentialStatus=make_status()))

    for lists in (
        {},
        {LIST_URL: make_list(issuer=OTHER)},
        {LIST_URL: make_list(purposes=frozenset({"suspension"}))},
        {LIST_URL: make_list(valid_until_s=1)},
        {LIST_URL: make_list(bits=b"")},
    ):
        with pytest.raises(CredentialError):
            check(credential, evidence=make_evidence(status_lists=lists))
    for change in (
        {"type": "StatusList2021Entry"},
        {"statusPurpose": "message"},
        {"statusSize": 2},
        {"statusListIndex": 7},
        {"statusListIndex": "-7"},
        {"statusListIndex": "٧"},
        {"statusListCredential": 5},
    ):
        with pytest.raises(CredentialError):
            check(
                sign(make_credential(credentialStatus=make_status() | change)),
                evidence=make_evidence(status_lists={LIST_URL: make_list()}),
            )


def test_one_bad_status_among_good_ones_decides() -> None:
    """Entries are not alternatives."""
    both = sign(make_credential(credentialStatus=[make_status(1), make_status(3)]))

    with pytest.raises(CredentialError, match="revoked"):
        check(both, evidence=make_evidence(**ALL_LISTS))


@pytest.mark.parametrize("method", [method_of(OTHER), f"{did_of(ISSUER)}#other", "x", None])
def test_refuses_a_key_that_is_not_its_issuers(method: Any) -> None:
    """Another DID's, one that its document does not list, none."""
    with pytest.raises(RefusedError):
        check(sign(make_credential(), OTHER, verification_method=method))


def make_document(**changes: Any) -> Any:
    did = did_of(ISSUER)
    method = {
        "id": method_of(ISSUER),
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": encode_multikey(ISSUER.public_key),
        **changes.pop("method", {}),
    }
    document = {
        "id": did,
        "verificationMethod": [method],
        "assertionMethod": [method_of(ISSUER)],
        **changes,
    }
    return make_evidence(documents={did: read_did_document(document, did=did)})


def test_refuses_a_key_that_may_not_assert() -> None:
    """A key for logins or a revoked one, a document that is not there."""
    check(SIGNED, evidence=make_document())
    for evidence in (
        make_document(assertionMethod=[], authentication=[method_of(ISSUER)]),
        make_document(method={"revoked": "2026-01-01T00:00:00Z"}),
        make_document(method={"controller": did_of(OTHER)}),
        make_evidence(documents={}),
    ):
        with pytest.raises(RefusedError):
            check(SIGNED, evidence=evidence)


def test_refuses_issuers_and_types_that_were_not_asked_for() -> None:
    """The policy names both."""
    with pytest.raises(CredentialError, match="not believed"):
        check(SIGNED, issuers=frozenset({did_of(OTHER)}))
    with pytest.raises(CredentialError, match="none of"):
        check(SIGNED, types=frozenset({"RoleCredential"}))


def test_refuses_a_credential_without_a_proof_it_understands() -> None:
    """None, an unknown one, or an unknown one beside a good one."""
    unknown = {**SIGNED["proof"], "type": "Ed25519Signature2020"}
    for proof in (None, [], unknown, [SIGNED["proof"], unknown], "x", [5]):
        with pytest.raises(CredentialError):
            check({**SIGNED, "proof": proof})


def test_every_proof_of_a_credential_must_hold() -> None:
    """Two of the issuer's; a bad one or a stranger's beside them is a refusal."""
    twice = sign(SIGNED, created=date(-40))
    check(twice)

    with pytest.raises(CredentialError, match="somebody other"):
        check(sign(SIGNED, OTHER))
    spoilt = [twice["proof"][0], {**twice["proof"][1], "created": date(-41)}]
    with pytest.raises(CredentialError, match="does not belong"):
        check({**twice, "proof": spoilt})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"challenge": "other"}, "another challenge"),
        ({"domain": "https://other.example"}, "another domain"),
        ({"challenge": ""}, "against a challenge"),
        ({"domain": ""}, "against a challenge"),
        ({"age_s_max": 0}, "old"),
    ],
)
def test_refuses_a_presentation_for_another_occasion(policy: Any, reason: str) -> None:
    """Challenge and domain are always checked; leaving one out is no way around it."""
    with pytest.raises(CredentialError, match=reason):
        check_shown(SHOWN, **policy)


def test_refuses_the_wrong_holder() -> None:
    """A thief signs with its own key, or names the holder, or takes the name off."""
    for presentation in (
        show(make_presentation(SIGNED), OTHER),
        show(make_presentation(SIGNED, holder=did_of(OTHER)), OTHER),
        show(make_presentation(SIGNED, holder=None), OTHER),
        show(make_presentation(SIGNED), OTHER, verification_method=method_of(HOLDER)),
    ):
        with pytest.raises(CredentialError):
            check_shown(presentation)
    bearer = sign(make_credential(credentialSubject={"memberSince": "2024-05"}))
    with pytest.raises(CredentialError, match="somebody other"):
        check_shown(show(make_presentation(bearer)))
    check_shown(show(make_presentation(bearer)), is_holder_subject=False)


def test_refuses_a_tampered_inner_credential() -> None:
    """Though the presentation around it was signed again."""
    changed = copy.deepcopy(SIGNED)
    changed["credentialSubject"]["memberSince"] = "1844-12"

    with pytest.raises(CredentialError, match="does not belong"):
        check_shown(show(make_presentation(changed)))
    with pytest.raises(CredentialError, match="does not belong"):
        check_shown(show(make_presentation(SIGNED, changed)))


def test_every_inner_credential_is_checked() -> None:
    """An expired or revoked one among good ones; none at all."""
    expired = sign(make_credential(validUntil=date(-1)))
    with pytest.raises(CredentialError, match="expired"):
        check_shown(show(make_presentation(SIGNED, expired)))
    revoked = sign(make_credential(credentialStatus=make_status(3)))
    with pytest.raises(CredentialError, match="revoked"):
        check_shown(show(make_presentation(SIGNED, revoked)), evidence=make_evidence(**ALL_LISTS))
    with pytest.raises(CredentialError, match="no credential"):
        check_shown(show(make_presentation()))
    with pytest.raises(CredentialError, match="at most 8"):
        check_shown(show(make_presentation(*[SIGNED] * 9)))


def test_a_credential_is_no_presentation_and_the_other_way_round() -> None:
    """Neither passes for the other, whatever it is signed for."""
    with pytest.raises(CredentialError):
        check_shown(show(make_credential()))
    with pytest.raises(CredentialError):
        check(sign(make_presentation(SIGNED), HOLDER))
    with pytest.raises(CredentialError, match="purpose"):
        check_shown(show(make_presentation(SIGNED), purpose="assertionMethod"))
    with pytest.raises(CredentialError, match="purpose"):
        check(sign(make_credential(), purpose="authentication"))


@pytest.mark.parametrize(
    "context",
    [
        None,
        [],
        CREDENTIALS_CONTEXT + "/",
        ["https://www.w3.org/2018/credentials/v1"],
        ["https://w3id.org/security/data-integrity/v2", CREDENTIALS_CONTEXT],
        [CREDENTIALS_CONTEXT, "https://evil.example/context"],
        [CREDENTIALS_CONTEXT, {"memberOf": "https://evil.example/x"}],
        [CREDENTIALS_CONTEXT] * 9,
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
    ],
)
def test_refuses_unknown_and_replaced_contexts(context: Any) -> None:
    """Though signed by the issuer: nobody here could say what the terms mean."""
    with pytest.raises(CredentialError):
        check(sign(make_credential(**{"@context": context})))


def test_a_replaced_context_breaks_the_proof() -> None:
    """What it was signed with is part of what was signed."""
    for context in ([CREDENTIALS_CONTEXT], SIGNED["@context"][::-1]):
        with pytest.raises(CredentialError):
            check({**SIGNED, "@context": context})


def test_undefined_terms_are_refused_where_rdf_would_drop_them() -> None:
    """By the issuer of an RDFC proof or by anybody after."""
    signed = sign(make_credential(), hash_rdf=hash_rdf)
    evidence = make_evidence(hash_rdf=hash_rdf)
    check(signed, evidence=evidence)

    changed = copy.deepcopy(signed)
    changed["credentialSubject"]["extra"] = "board"
    with pytest.raises(CredentialError, match="defined by no context"):
        check(changed, evidence=evidence)
    with pytest.raises(CredentialError, match="only eddsa-jcs-2022"):
        check(signed)


def test_refuses_huge_and_deeply_nested_documents() -> None:
    """Before anything of them is looked at."""
    deep = b'{"credentialSubject":' * 33 + b"{}" + b"}" * 33
    with pytest.raises(RefusedError, match="deep"):
        parse_json_object(deep)
    with pytest.raises(RefusedError, match="more than"):
        parse_json_object(json.dumps(make_credential(name="x" * 300_000)).encode())
    with pytest.raises(CredentialError, match="at most"):
        check(sign(make_credential(credentialSubject=[{"role": "x"}] * 33)))


def list_places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for name, item in steps:
            found += list_places(item, (*path, name))
    return found


anything: st.SearchStrategy[Any] = (
    st.none() | st.integers(0, 9) | st.text(max_size=8) | st.just([]) | st.just({})
)


@given(place=st.sampled_from(list_places(SIGNED)), value=anything, is_removal=st.booleans())
def test_any_change_of_a_signed_credential_is_refused(
    place: tuple[Any, ...], value: Any, is_removal: bool
) -> None:
    """Whatever is replaced by whatever, or taken away."""
    changed: Any = copy.deepcopy(SIGNED)
    target = changed
    for step in place[:-1]:
        target = target[step]
    if is_removal:
        del target[place[-1]]
    else:
        target[place[-1]] = value

    with pytest.raises(RefusedError):
        check(changed)


@given(place=st.sampled_from(list_places(SHOWN)), value=anything)
def test_any_change_of_a_signed_presentation_is_refused(place: tuple[Any, ...], value: Any) -> None:
    """The holder's part and the issuer's part."""
    changed: Any = copy.deepcopy(SHOWN)
    target = changed
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value

    with pytest.raises(RefusedError):
        check_shown(changed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*SHOWN, *SIGNED]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(document=st.dictionaries(st.sampled_from([*SHOWN, *SIGNED]), json_values))
def test_whatever_comes_is_refused_and_never_a_traceback(document: Any) -> None:
    """Neither as a credential, nor as a presentation, nor when its needs are listed."""
    for look in (check, check_shown, find_needs):
        with pytest.raises(RefusedError):
            look({"@context": [CREDENTIALS_CONTEXT], **document})


def test_the_parties_are_who_they_are_taken_for() -> None:
    """The tests' documents come from the resolver, not from a table."""
    assert resolve(did_key(ISSUER.public_key)).did == did_of(ISSUER)
