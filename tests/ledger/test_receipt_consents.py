"""A history of consent in a receipt: what it shows, and why a changed one fails."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.did_limits import CONSENT_RECEIPT_ENTRIES_MAX
from config.errors import RefusedError
from did.consent.chain import EMPTY_HEAD, ChainError, EntryKind, append_entry, parse_body
from did.consent.policies import (
    CONSENT_TYPE,
    Act,
    ConsentClaims,
    Grant,
    Mandate,
    Revocation,
    render_consent,
)
from did.consent.terms import Purpose, Resource
from did.jws import sign_jws
from did.keys import KeyPair, did_key_verification_method
from governance.consent_anchors import consent_root_key
from governance.state_keys import Collection, state_key
from ledger.consent_words import describe_consent_entry, render_consent_entry
from ledger.receipt_consents import ConsentHistory, SaltedBody, parse_history, read_history
from ledger.receipt_extras import ReceiptError
from ledger.receipt_meaning import render_meaning
from ledger.receipts import ReceiptKind, Verified, check_receipt, parse_receipt
from tests.ledger import receipt_samples as samples
from tests.ledger.receipt_samples import COOPERATIVE, ENTRIES, NOW_MS, STATE, TRUST, render

KEY = consent_root_key(COOPERATIVE, 7)
HISTORY = samples.make_history()
MEMBER = KeyPair(b"m" * 32)


def check(history: ConsentHistory) -> Verified:
    data = render(samples.make_consent_receipt(history))
    return check_receipt(parse_receipt(data), trust=TRUST, now_ms=NOW_MS)


def test_a_receipt_shows_the_history_and_its_period() -> None:
    """All of it, with the cooperative whose root it is."""
    verified = check(HISTORY)

    assert verified.kind is ReceiptKind.CONSENTS
    assert verified.consents is not None
    assert (verified.consents.cooperative, verified.consents.period) == (COOPERATIVE, 7)
    assert list(verified.consents.entries) == ENTRIES
    assert "covers a history of consent up to entry 3; from 1 to 3" in render_meaning(verified)


@pytest.mark.parametrize("first", [2, 3])
def test_the_latest_entries_stand_for_themselves(first: int) -> None:
    """What came before is one hash."""
    verified = check(samples.make_history(first=first))

    assert verified.consents is not None
    assert list(verified.consents.entries) == ENTRIES[first - 1 :]


def _changed(place: int, **changes: object) -> tuple[SaltedBody, ...]:
    entries = list(HISTORY.entries)
    entries[place] = replace(entries[place], **changes)  # type: ignore[arg-type]
    return tuple(entries)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (replace(HISTORY, entries=HISTORY.entries[:-1]), "does not lead to the period's root"),
        (replace(HISTORY, entries=HISTORY.entries[::2]), "is missing or stands elsewhere"),
        (replace(HISTORY, entries=HISTORY.entries[::-1]), "is missing or stands elsewhere"),
        (replace(HISTORY, entries=HISTORY.entries[1:]), "before the first entry"),
        (replace(HISTORY, before=bytes([1]) * 32), "before the first entry"),
        (
            replace(samples.make_history(first=2), before=EMPTY_HEAD),
            "before the first entry",
        ),
        (replace(HISTORY, entries=_changed(1, salt=bytes(32))), "does not lead"),
        (
            replace(
                HISTORY,
                entries=_changed(1, body=HISTORY.entries[1].body.replace("0000006", "0000043")),
            ),
            "does not lead",
        ),
        (
            replace(HISTORY, entries=_changed(1, body=HISTORY.entries[1].body + " ")),
            "canonical",
        ),
        (replace(HISTORY, entries=_changed(0, body="{}")), "canonical"),
        (replace(HISTORY, salt=bytes(32)), "does not lead"),
        (replace(HISTORY, index=HISTORY.index ^ 1), "does not lead"),
        (replace(HISTORY, index=8), "does not lead"),
        (replace(HISTORY, path=HISTORY.path[:-1]), "does not lead"),
        (replace(HISTORY, path=HISTORY.path[::-1]), "does not lead"),
    ],
)
def test_refuses_what_was_changed_and_says_why(changed: ConsentHistory, reason: str) -> None:
    """Each link of the history and of the path."""
    with pytest.raises(RefusedError, match=reason):
        check(changed)


@given(data=st.data())
def test_refuses_every_flipped_bit(data: st.DataObject) -> None:
    """Of salts, heads and hashes of the path, by the property that one leads to the other."""
    bit = 1 << data.draw(st.integers(0, 255))
    part = data.draw(st.sampled_from(["before", "salt", "entry", "path"]))
    history = samples.make_history(first=2)

    def flip(value: bytes) -> bytes:
        return (int.from_bytes(value) ^ bit).to_bytes(32)

    if part == "entry":
        first, *others = history.entries
        changed = replace(history, entries=(replace(first, salt=flip(first.salt)), *others))
    elif part == "path":
        place = data.draw(st.integers(0, len(history.path) - 1))
        path = list(history.path)
        path[place] = flip(path[place])
        changed = replace(history, path=tuple(path))
    else:
        changed = replace(history, **{part: flip(getattr(history, part))})  # type: ignore[arg-type]

    assert read_history(KEY, STATE[KEY], history).period == 7
    with pytest.raises(ReceiptError, match="does not lead"):
        read_history(KEY, STATE[KEY], changed)


def test_another_period_or_kind_of_key_shows_nothing() -> None:
    """A root is believed only from the place where the rules keep roots."""
    with pytest.raises(ReceiptError, match="shown by a period's root"):
        read_history(state_key(COOPERATIVE, Collection.PERIOD, bytes(8)), STATE[KEY], HISTORY)
    with pytest.raises(ReceiptError, match="shown by a period's root"):
        read_history(KEY, None, HISTORY)
    with pytest.raises(ReceiptError, match="does not lead"):
        read_history(consent_root_key(COOPERATIVE, 8), STATE[KEY], HISTORY)


def test_a_history_has_an_end() -> None:
    """Neither none nor too many entries are read, nor entries that are too long."""
    whole = HISTORY.to_json()
    (entry, *_) = whole["entries"]
    for entries in (
        [],
        [entry] * (CONSENT_RECEIPT_ENTRIES_MAX + 1),
        [{**entry, "body": "x" * 20_000}],
        [{**entry, "body": 1}],
        [{"body": "{}"}],
    ):
        with pytest.raises(ReceiptError):
            parse_history({**whole, "entries": entries})


@pytest.mark.parametrize(
    "body",
    [
        b'{"atMs":1,"content":{"share":0.5},"kind":"use","number":1}',
        b'{"atMs":1,"content":{"list":[{"a":0.5}]},"kind":"use","number":1}',
        b'{"atMs":1,"content":{},"kind":"gift","number":1}',
        b'{"atMs":1,"content":[],"kind":"use","number":1}',
        b'{"atMs":-1,"content":{},"kind":"use","number":1}',
        b'{"atMs":true,"content":{},"kind":"use","number":1}',
        b'{"atMs":1,"content":{},"kind":"use","number":0}',
        b'{"atMs":1,"content":{},"kind":"use","number":1,"x":1}',
        b'{"content":{},"atMs":1,"kind":"use","number":1}',
    ],
)
def test_an_entry_is_read_in_one_spelling(body: bytes) -> None:
    """So that no two readers of a receipt disagree about what happened."""
    with pytest.raises(ChainError):
        parse_body(body, bytes_max=1_000, salt=bytes(32), head=bytes(32))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (EntryKind.GRANT, "granted {id}: class:own-cooperative may use records for DUO:0000006"),
        (EntryKind.CHANGE, "changed {id}: class:own-cooperative may use"),
        (EntryKind.STEWARD_DECISION, "granted by a steward {id}: class:own-cooperative may use"),
        (EntryKind.REVOCATION, "revoked {id}"),
        (EntryKind.MANDATE, "mandated {id}: did:web:steward.test may grant records for DUO"),
    ],
)
def test_an_entry_says_what_happened_and_when(kind: EntryKind, sentence: str) -> None:
    """In UTC, by the node's clock."""
    act: Act = Grant(
        id="ab" * 16,
        grantee="class:own-cooperative",
        purposes=(Purpose.HEALTH_RESEARCH,),
        resources=(Resource.RECORDS,),
        from_s=1_700_000_000,
        until_s=1_800_000_000,
    )
    if kind is EntryKind.REVOCATION:
        act = Revocation(id="ab" * 16)
    if kind is EntryKind.MANDATE:
        act = Mandate(
            id="ab" * 16,
            steward="did:web:steward.test",
            purposes=(Purpose.HEALTH_RESEARCH,),
            resources=(Resource.RECORDS,),
            from_s=1_700_000_000,
            until_s=(1 << 53) - 1,
        )
    statement = sign_jws(
        render_consent(ConsentClaims(cooperative="00" * 32, seq=1, iat=1_700_000_000, act=act)),
        key=MEMBER,
        kid=did_key_verification_method(MEMBER.public_key),
        typ=CONSENT_TYPE,
    )
    entry = append_entry(
        None,
        kind=kind,
        at_ms=1_700_000_000_500,
        content={"statement": statement},
        salt=bytes(32),
    )

    said = render_consent_entry(entry)

    assert said.startswith("2023-11-14 22:13:20 UTC: " + sentence.format(id="ab" * 16))
    assert said.endswith(f" (signed by {did_key_verification_method(MEMBER.public_key)})")
    described = describe_consent_entry(entry)
    assert (described["meaning"], described["signature"]) == (said, "valid")


def test_a_use_says_what_it_was_for() -> None:
    """As the node has written it down."""
    said = render_consent_entry(ENTRIES[1])
    assert describe_consent_entry(ENTRIES[1])["signature"] is None

    assert "used: draft abab" in said
    assert "height 41, purpose DUO:0000006" in said


def test_a_statement_that_was_made_up_is_called_so() -> None:
    """The receipt holds, since the cooperative did anchor it: that is what it proves then."""
    claims = ConsentClaims(
        cooperative="00" * 32, seq=1, iat=1_700_000_000, act=Revocation(id="ab" * 16)
    )
    named = did_key_verification_method(MEMBER.public_key)
    forged = sign_jws(render_consent(claims), key=KeyPair(b"f" * 32), kid=named, typ=CONSENT_TYPE)
    entry = append_entry(
        None,
        kind=EntryKind.REVOCATION,
        at_ms=1_700_000_000_500,
        content={"statement": forged},
        salt=bytes(32),
    )

    assert f"(NOT SIGNED by {named}: somebody else wrote this)" in render_consent_entry(entry)
    assert describe_consent_entry(entry)["signature"] == "invalid"


def test_a_statement_that_cannot_be_read_is_told_of_itself_alone() -> None:
    """What surrounds it is read, and what the receipt proves holds all the same."""
    first, used, _ = [describe_consent_entry(item) for item in ENTRIES]

    assert (first["signature"], used["signature"]) == ("unreadable", None)
    assert first["meaning"] == render_consent_entry(ENTRIES[0])
    assert "UTC: grant, by a STATEMENT THAT CANNOT BE READ (" in str(first["meaning"])
    assert "used: draft" in str(used["meaning"])
