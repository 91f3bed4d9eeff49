"""Two registrars over the names."""

import json
import secrets
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from config.errors import MisconfiguredError, RefusedError
from did.keys import KeyPair, did_key
from did.sealing import compute_box_key, find_box_secret, open_box
from node.register_office import (
    Act,
    Completed,
    Request,
    begin_request,
    complete_request,
    inspect_names,
    load_registrar_key,
    name_registrars,
    parse_request,
)
from node.web.erasure import ErasureList
from node.web.names import Person
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

REGISTRARS = [b"1" * 32, b"2" * 32, b"3" * 32]
WALLET = KeyPair(b"w" * 32)
DID = did_key(WALLET.public_key)
NEW_DID = did_key(KeyPair(b"n" * 32).public_key)


class Office:
    """A register with Ann in it."""

    def __init__(self, folder: Path) -> None:
        self.now_ms = 1_000
        self.store = PrivateStore.open(
            folder / "private.db",
            key=bytes(32),
            random=secrets.token_bytes,
            now_ms=lambda: self.now_ms,
        )
        self.erasures = ErasureList(folder / "erased.log")
        public = [compute_box_key(item) for item in REGISTRARS]
        name_registrars(self.store, public, is_alone=False, now_ms=0)

    def enter(self, name: str = "Ann", did: str = DID, *, account: bytes | None = None) -> bytes:
        """Somebody with an entry; their id."""
        holder = self.store.holders.create(did, account=account)
        person = Person(
            name=name,
            contact="by post",
            holder_id=holder.id,
            did=did,
            since_day=20_000,
            is_book=account is not None,
        )
        self.store.holders.set_name_box(holder.id, self.store.names.put(person))
        return holder.id

    def ask(self, act: Act = Act.OPEN, *, name: str = "Ann", did: str = "", **new: str) -> Request:
        """What the first registrar hands over."""
        data = begin_request(
            self.store,
            REGISTRARS[0],
            act=act,
            name=name,
            reason="a court asks",
            did=did,
            new_name=new.get("new_name"),
            new_contact=new.get("new_contact"),
            now_ms=self.now_ms,
        )
        return parse_request(data)

    def complete(
        self, request: Request, secret: bytes = REGISTRARS[1], *, has_left: bool = False
    ) -> Completed:
        """What a second one does with it."""
        return complete_request(
            self.store,
            self.erasures,
            secret,
            request,
            has_left=has_left,
            is_test_chain=False,
            now_ms=self.now_ms,
        )


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_two_registrars_open_a_link_and_the_person_is_told(office: Office) -> None:
    """Why and by whom; nobody else reads it."""
    holder_id = office.enter(account=b"a" * 32)
    other = office.enter("Bob", NEW_DID)

    done = office.complete(office.ask())

    assert (done.name, done.contact, done.holder.account) == ("Ann", "by post", b"a" * 32)
    (notice, *_) = office.store.log.list_notices(holder_id)
    assert notice.what is LogEvent.OPENED
    assert "a court asks" in notice.detail
    assert compute_box_key(REGISTRARS[1]).hex()[:16] in notice.detail
    told = [item.what for item in office.store.log.list_notices(other)]
    assert told == [LogEvent.ASKED, LogEvent.REGISTRARS]


@pytest.mark.parametrize("secret", [REGISTRARS[0], b"x" * 32])
def test_the_second_registrar_is_another_person(office: Office, secret: bytes) -> None:
    """One alone learns nothing, not even with the request in hand."""
    holder_id = office.enter()
    request = office.ask()

    with pytest.raises(RefusedError, match="another registrar"):
        office.complete(request, secret)

    assert holder_id.hex() not in str(request)
    assert LogEvent.OPENED not in [item.what for item in office.store.log.list_entries()]


def test_an_inspection_shows_members_names_and_everybody_is_told(office: Office) -> None:
    """Not those who only have an account."""
    member = office.enter("Ann", account=b"a" * 32)
    holder = office.enter("Bob", NEW_DID)

    names = inspect_names(
        office.store, REGISTRARS[2], reason="the law", now_ms=1_000, book_years=10
    )

    assert names == ["Ann"]
    for person in (member, holder):
        assert office.store.log.list_notices(person)[0].what is LogEvent.INSPECTED


@pytest.mark.parametrize("reason", ["", "  ", "two\nlines", "x" * 201])
def test_nobody_looks_without_a_reason(office: Office, reason: str) -> None:
    """One line that people can read."""
    office.enter()

    with pytest.raises(RefusedError, match=r"reason|say why"):
        inspect_names(office.store, REGISTRARS[0], reason=reason, now_ms=0, book_years=10)
    with pytest.raises(RefusedError, match=r"reason|say why"):
        begin_request(
            office.store, REGISTRARS[0], act=Act.OPEN, name="Ann", reason=reason, now_ms=0
        )


@pytest.mark.parametrize(("names", "sentence"), [((), "nobody has"), (("Ann", "Ann"), "more than")])
def test_a_name_is_one_persons(office: Office, names: tuple[str, ...], sentence: str) -> None:
    """Otherwise the wrong one would be opened."""
    for number, name in enumerate(names):
        office.enter(name, f"did:web:{number}.example")

    with pytest.raises(RefusedError, match=sentence):
        office.ask()


def test_two_registrars_erase_somebody(office: Office) -> None:
    """Who is no member leaves nothing behind."""
    holder_id = office.enter()

    office.complete(office.ask(Act.ERASE))

    assert office.store.holders.get(holder_id) is None
    assert office.store.names.list_entries() == []
    assert len(office.erasures.read()) == 2
    with pytest.raises(RefusedError, match="nobody has"):
        office.ask()


def test_a_member_is_erased_after_leaving(office: Office) -> None:
    """The name stays for the legal term, without a link."""
    holder_id = office.enter(account=b"a" * 32)
    request = office.ask(Act.ERASE)
    with pytest.raises(RefusedError, match="--left"):
        office.complete(request)
    assert office.store.holders.get(holder_id) is not None

    office.complete(request, has_left=True)

    assert office.store.holders.get(holder_id) is None
    assert [item.name for item in office.store.names.list_names(REGISTRARS[0])] == ["Ann"]
    with pytest.raises(RefusedError, match="was erased"):
        office.complete(request, has_left=True)


def test_who_lost_everything_gets_another_login_after_seven_days(office: Office) -> None:
    """The old one may object until then, and is told."""
    holder_id = office.enter()

    done = office.complete(office.ask(Act.REBIND, did=NEW_DID))

    week_ms = 7 * 24 * 3_600 * 1_000
    assert done.from_ms == 1_000 + week_ms
    assert office.store.holders.find_by_did(NEW_DID) is None
    assert office.store.log.list_notices(holder_id)[0].what is LogEvent.BOUND
    office.now_ms = 1_000 + week_ms
    found = office.store.holders.find_by_did(NEW_DID)
    assert found is not None
    assert found.id == holder_id
    assert office.store.holders.find_by_did(DID) is None


def test_a_members_login_follows_the_ledger(office: Office) -> None:
    """Registrars cannot take over an account that votes; and nothing is half done."""
    holder_id = office.enter(account=b"a" * 32)

    with pytest.raises(RefusedError, match="guardians"):
        office.complete(office.ask(Act.REBIND, did=NEW_DID))

    assert office.store.holders.find_by_did(DID) is not None
    assert LogEvent.OPENED not in [item.what for item in office.store.log.list_notices(holder_id)]


def test_a_new_login_is_a_did(office: Office) -> None:
    """Said to the first registrar already."""
    office.enter()

    with pytest.raises(RefusedError):
        office.ask(Act.REBIND, did="ann@example.org")


def test_a_request_that_was_changed_is_refused(office: Office) -> None:
    """It opens only what the first registrar opened."""
    office.enter()
    request = office.ask()

    for data in (b"", b"{}", b"[]", b"x" * 200_000):
        with pytest.raises(RefusedError):
            parse_request(data)
    with pytest.raises(RefusedError, match="another person"):
        office.complete(_change(request, entry="00" * 16))
    office.enter("Bob", NEW_DID)
    for change in ({"name": "Bob"}, {"boxes": office.ask(name="Bob").boxes}):
        with pytest.raises(RefusedError, match="another person"):
            office.complete(_change(request, **change))
    for boxes in ("", "90", "00" * 100):
        with pytest.raises(RefusedError):
            office.complete(_change(request, boxes=boxes))
    with pytest.raises(RefusedError, match="say why"):
        office.complete(_change(request, reason=""))


@pytest.mark.parametrize("count", [0, 1, 6])
def test_registrars_are_two_to_five(office: Office, count: int) -> None:
    """One alone has to be said."""
    keys = [compute_box_key(bytes([number + 1]) * 32) for number in range(count)]

    with pytest.raises(MisconfiguredError):
        name_registrars(office.store, keys, is_alone=False, now_ms=0)


def test_one_registrar_alone_does_both_parts(office: Office) -> None:
    """A small cooperative that says so; the person is told all the same."""
    public = compute_box_key(REGISTRARS[0])
    name_registrars(office.store, [public], is_alone=True, now_ms=0)
    holder_id = office.enter()

    office.complete(office.ask(), REGISTRARS[0])

    assert office.store.log.list_notices(holder_id)[0].what is LogEvent.OPENED


def test_a_registrars_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Others' eyes are refused; where it lies is its owner's to say."""
    tmp_path.chmod(0o755)
    path = tmp_path / "mine.key"
    path.write_text(REGISTRARS[0].hex())
    path.chmod(0o600)
    assert load_registrar_key(path) == REGISTRARS[0]

    path.chmod(0o644)
    with pytest.raises(MisconfiguredError, match="chmod"):
        load_registrar_key(path)


def _change(request: Request, **changes: str) -> Request:
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    return Request(**{**fields, **changes})


def read_own_entry(office: Office, holder_id: bytes) -> dict[str, str]:
    """What Ann's wallet reads in her export."""
    holder = office.store.holders.get(holder_id)
    assert holder is not None
    box = open_box(holder.name_box, secret=find_box_secret(WALLET))
    entry: dict[str, str] = json.loads(box)
    return entry


@pytest.mark.parametrize(
    ("new", "name", "contact", "said"),
    [
        ({"new_name": "Ann Other"}, "Ann Other", "by post", "name"),
        ({"new_contact": "ann@b.example"}, "Ann", "ann@b.example", "contact"),
        ({"new_contact": ""}, "Ann", "", "contact"),
        ({"new_name": "Ann O.", "new_contact": "0"}, "Ann O.", "0", "name and contact"),
    ],
)
def test_two_registrars_correct_a_name_or_a_contact(
    office: Office, new: dict[str, str], name: str, contact: str, said: str
) -> None:
    """For every registrar and in the person's own copy; the person is told, without the name."""
    holder_id = office.enter(account=b"a" * 32)
    (before,) = office.store.names.list_names(REGISTRARS[0])

    done = office.complete(office.ask(Act.CORRECT, **new))

    assert (done.name, done.contact) == (name, contact)
    for secret in REGISTRARS:
        (after,) = office.store.names.list_names(secret)
        assert after == replace(before, name=name)
        assert office.store.names.open_contact(after.entry, secret) == contact
    own = read_own_entry(office, holder_id)
    assert own == {"entry": before.entry.hex(), "name": name, "contact": contact}
    corrected, opened, *_ = office.store.log.list_notices(holder_id)
    assert (corrected.what, corrected.detail) == (LogEvent.CORRECTED, said)
    assert "to correct: a court asks" in opened.detail
    assert corrected.holder_id == opened.holder_id == holder_id
    office.store.log.check()
    assert office.complete(office.ask(name=name)).holder.id == holder_id


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ({}, "say what is to be corrected"),
        ({"new_name": " "}, "erasing is another request"),
        ({"new_name": "x" * 201}, "at most 200 characters"),
        ({"new_contact": "a\nb"}, "one line"),
    ],
)
def test_a_correction_says_something_that_can_be_kept(
    office: Office, new: dict[str, str], sentence: str
) -> None:
    """Asked for by the first registrar; the second checks it again, for a file can be changed."""
    office.enter()
    right = office.ask(Act.CORRECT, new_name="Ann Other")

    with pytest.raises(RefusedError, match=sentence):
        office.ask(Act.CORRECT, **new)
    changed = msgspec.structs.replace(
        right, new_name=new.get("new_name"), new_contact=new.get("new_contact")
    )
    with pytest.raises(RefusedError, match=sentence):
        office.complete(changed)

    assert [item.name for item in office.store.names.list_names(REGISTRARS[0])] == ["Ann"]
    assert LogEvent.OPENED not in [item.what for item in office.store.log.list_entries()]


def test_one_registrar_alone_corrects_nothing(office: Office) -> None:
    """Nor with the request that they made themselves."""
    office.enter()

    with pytest.raises(RefusedError, match="another registrar"):
        office.complete(office.ask(Act.CORRECT, new_name="Eve"), REGISTRARS[0])

    assert [item.name for item in office.store.names.list_names(REGISTRARS[0])] == ["Ann"]


def test_who_was_erased_is_not_corrected(office: Office) -> None:
    """Of a member the name is kept as the law wants it, and nothing leads to anybody."""
    office.enter(account=b"a" * 32)
    correction = office.ask(Act.CORRECT, new_name="Eve")
    office.complete(office.ask(Act.ERASE), has_left=True)

    with pytest.raises(RefusedError, match="erased"):
        office.complete(correction)
