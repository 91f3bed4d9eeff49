"""Lists that the ledger keeps as logs, by the names that people and addresses give them.

A page of one is provable: its log's frontier is in state, and a range path leads from the
entries to it, so that none can be left out, changed or added. What a receipt says of a page is
`ledger.receipt_extras`' matter; which facts are listed, the rules'. Pure.
"""

from config.errors import InvariantError, RefusedError
from did.codec import Record
from did.jcs import JsonObject
from governance.counted_ballots import CountedEntry
from governance.duty_records import DutyEntry
from governance.election_records import CountbackEntry
from governance.logs import Log, LogName
from governance.proposal_records import DecisionLeaf
from governance.records import RollChange, RollEntry
from governance.seals import ImportedAccount
from governance.state_keys import COLLECTION_AT, FEDERATION, Collection
from governance.value.need import SlotCommitment

_ID_BYTES = 32
_NAMES = {name.name.lower().replace("_", "-"): name for name in LogName}
_RECORDS: dict[LogName, type[Record]] = {
    LogName.DECISIONS: DecisionLeaf,
    LogName.ROLL: RollEntry,
    LogName.BALLOTS: CountedEntry,
    LogName.SECOND_BALLOTS: CountedEntry,
    LogName.ROLL_CHANGES: RollChange,
    LogName.SEALED_ACCOUNTS: ImportedAccount,
    LogName.COMMITMENTS: SlotCommitment,
    LogName.DUTIES: DutyEntry,
    LogName.COUNTBACKS: CountbackEntry,
}
"""The entries of all others are ids."""
_IDS_COUNT = {
    LogName.DECISIONS: 0,
    LogName.COOPERATIVES: 0,
    LogName.ROLL: 1,
    LogName.PROPOSALS: 1,
    LogName.BALLOTS: 2,
    LogName.MOTIONS: 0,
    LogName.CASES: 0,
    LogName.SEALED_ACCOUNTS: 1,
    LogName.SECOND_BALLOTS: 2,
    LogName.ROLL_CHANGES: 1,
    LogName.DUTIES: 1,
    LogName.COMPLAINTS: 1,
    LogName.DISPUTES: 0,
    LogName.BODY_MOTIONS: 1,
    LogName.PETITIONS: 1,
    LogName.COUNTBACKS: 1,
    LogName.JOURNAL: 1,
    LogName.AGREEMENTS: 0,
    LogName.COMMITMENTS: 2,
}
"""How many ids say which of its kind a log is: none, cooperative, cooperative and subject."""
_SUBJECTS = {
    LogName.BALLOTS: ("on", "proposal"),
    LogName.SECOND_BALLOTS: ("on", "proposal"),
    LogName.COMMITMENTS: ("of", "pool"),
}
"""What the second id is, and how sentences say it."""
LIST_NAMES = tuple(_NAMES)


class ListError(RefusedError):
    """There is no such list, or it is named by other ids."""


def find_log(name: str, ids: tuple[bytes, ...]) -> Log:
    """The log of a list.

    Args:
        name: One of `LIST_NAMES`.
        ids: None for the federation's lists; the cooperative; for ballots also the proposal,
            for commitments the pool.

    Raises:
        ListError: Another name, or more or fewer ids.
    """
    log_name = _NAMES.get(name)
    if log_name is None:
        raise ListError(f"there is no list {name!r}: ask for {', '.join(LIST_NAMES)}")
    count = _IDS_COUNT[log_name]
    if len(ids) != count or any(len(item) != _ID_BYTES for item in ids):
        _, subject_name = _SUBJECTS.get(log_name, ("", ""))
        two = f"the ids of a cooperative and a {subject_name}"
        wanted = ("no id", "a cooperative's id", two)[count]
        raise ListError(f"the list {name} is named by {wanted}")
    namespace, *subject = ids or (FEDERATION,)
    return Log(log_name, namespace=namespace, subject=b"".join(subject))


def read_log_key(key: bytes) -> Log | None:
    """Which log's frontier lies under a state key; None if it is no such key."""
    namespace, collection, log_id = key[:COLLECTION_AT], key[COLLECTION_AT:][:1], key[33:]
    if collection != bytes([Collection.LOG]) or log_id[:1] not in _NUMBERS:
        return None
    log = Log(LogName(log_id[0]), namespace=namespace, subject=log_id[1:])
    count = _IDS_COUNT[log.name]
    is_named = (namespace == FEDERATION) == (count == 0)
    return log if is_named and len(log.subject) == _ID_BYTES * max(0, count - 1) else None


def get_list_name(log: Log) -> str:
    """What a log's list is called; one of `LIST_NAMES`."""
    return log.name.name.lower().replace("_", "-")


def describe_list(log: Log) -> str:
    """A list in words, as sentences name it."""
    words = f"the list {get_list_name(log)}"
    if log.namespace != FEDERATION:
        words += f" of cooperative {log.namespace.hex()[:16]}…"
    if log.subject:
        words += f" {' '.join(_SUBJECTS[log.name])} {log.subject.hex()[:16]}…"
    return words


def render_entry(log: Log, entry: bytes) -> JsonObject:
    """An entry's fields by name: bytes as hexadecimal, named numbers by their names.

    Raises:
        RefusedError: It is no entry of such a list, which no chain under our rules has.
    """
    kind = _RECORDS.get(log.name)
    if kind is None:
        if len(entry) != _ID_BYTES:
            raise ListError(f"an entry of {get_list_name(log)} is an id")
        return {"id": entry.hex()}
    return render_record(kind.parse(entry))


def render_record(record: Record) -> JsonObject:
    """A record's fields by name: bytes as hexadecimal, named numbers by their names."""
    return {name: _render(getattr(record, name)) for name in record.__struct_fields__}


def _render(value: object) -> object:
    match value:
        case bytes():
            return value.hex()
        case Record():
            return render_record(value)
        case tuple():
            return [_render(item) for item in value]
        case _ if hasattr(value, "name"):
            return str(value.name).lower()
        case bool() | int():
            return value
    raise InvariantError(f"a list's entry holds a {type(value).__name__}")


_NUMBERS = frozenset(bytes([name]) for name in LogName)
