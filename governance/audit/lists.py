"""Reading a list of the ledger whole, against the root that state has of it.

The root is made anew from the entries; the subtrees that lie beside them are not believed.
"""

from typing import TypeVar

from did.codec import CodecError, Record
from governance.audit.findings import Place, expect
from governance.logs import Log, entry_key, get_frontier
from governance.merkle_log import EMPTY_FRONTIER
from governance.state_keys import Collection, state_key
from governance.view import StateView

_Entry = TypeVar("_Entry", bound=Record)


def read_list(view: StateView, log: Log, place: Place) -> list[bytes]:
    """Every entry of a list, in order.

    Raises:
        AuditError: They are not those whose root is in state.
    """
    prefix = state_key(log.namespace, Collection.LOG_ENTRY, log.id)
    leaves: list[bytes] = []
    frontier = EMPTY_FRONTIER
    for key, leaf in view.kv.scan(prefix):
        expect(place, "list_entry", expected=entry_key(log, len(leaves)), found=key)
        leaves.append(leaf)
        frontier = frontier.append(leaf)
    stored = get_frontier(view, log)
    name = log.name.name.lower()
    expect(place, f"{name}_size", expected=frontier.size, found=stored.size)
    expect(place, f"{name}_root", expected=frontier.compute_root(), found=stored.compute_root())
    return leaves


def read_entries(
    view: StateView, log: Log, place: Place, kind: type[_Entry]
) -> tuple[list[_Entry], bytes]:
    """Every entry of a list of records, in order, and the list's root.

    Raises:
        AuditError: As `read_list`, or an entry is no such record.
    """
    leaves = read_list(view, log, place)
    entries: list[_Entry] = []
    for index, leaf in enumerate(leaves):
        try:
            entries.append(kind.parse(leaf))
        except CodecError as error:
            expect(place, f"entry {index}", expected=kind.__name__, found=str(error))
    return entries, get_frontier(view, log).compute_root()
