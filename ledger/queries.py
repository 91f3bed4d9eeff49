"""What the ledger answers about its committed state (ABCI Query).

    path             data                                  answer
    ---------------  ------------------------------------  --------------------------------------
    /state           a state key                           the value, or nothing; with `prove`
                                                           encoded [value or none, proof,
                                                           [state root, log root, params root]]
    /log/decisions   encoded [size, or 0 for now, index]   encoded [leaf, size, root, path]
    /counted         encoded [cooperative, proposal,       encoded [choice, index, size, path]
                     ballot id]                            against the decision's ballots root

`encoded` is `did.codec`'s, a proof is `StateProof.to_value()`, a path is a list of hashes from
the leaf up. Everything else is for the read model of the web process. Reads only.
"""

from config.errors import RefusedError
from did.codec import Value, decode, encode
from governance.ballots import prove_counted
from governance.logs import DECISIONS, get_frontier, prove_entry
from governance.view import StateView
from ledger.app_hash import AppHashParts
from ledger.store import Store

STATE_PATH = "/state"
DECISIONS_PATH = "/log/decisions"
COUNTED_PATH = "/counted"
_QUERY_BYTES_MAX = 1_024
_ID_BYTES = 32


class QueryError(RefusedError):
    """The question is malformed, or there is nothing to answer."""


def answer_query(
    store: Store, parts: AppHashParts, *, path: str, data: bytes, is_proved: bool
) -> bytes:
    """Answer one question.

    Args:
        store: Committed state.
        parts: What its app hash is made of.
        path: One of the paths above.
        data: As the path says.
        is_proved: With `/state`: answer with the proof.

    Raises:
        RefusedError: An unknown path, malformed data, or nothing there.
    """
    if len(data) > _QUERY_BYTES_MAX:
        raise QueryError(f"a question has at most {_QUERY_BYTES_MAX} bytes")
    if path == STATE_PATH:
        value = store.get(data)
        if not is_proved:
            return value or b""
        return encode([value, store.tree.prove(data).to_value(), parts.to_value()])
    if path == DECISIONS_PATH:
        return _answer_decision(store, decode(data, bytes_max=_QUERY_BYTES_MAX))
    if path == COUNTED_PATH:
        return _answer_counted(store, decode(data, bytes_max=_QUERY_BYTES_MAX))
    raise QueryError(f"there is no {path}: ask {STATE_PATH}, {DECISIONS_PATH} or {COUNTED_PATH}")


def _answer_decision(store: Store, question: Value) -> bytes:
    match question:
        case [int(size), int(index)]:
            pass
        case _:
            raise QueryError("ask for a log entry with [size, index]")
    view = StateView(store)
    size = size or get_frontier(view, DECISIONS).size
    entry = prove_entry(view, DECISIONS, index=index, size=size)
    if entry is None:
        raise QueryError("the log has no such entry at that size: ask within it")
    return encode([entry.leaf, entry.size, entry.root, [*entry.path]])


def _answer_counted(store: Store, question: Value) -> bytes:
    match question:
        case [bytes(cooperative), bytes(proposal_id), bytes(ballot_id)] if (
            # Ids of other lengths could spell the key of another kind of record.
            len(cooperative) == len(proposal_id) == len(ballot_id) == _ID_BYTES
        ):
            pass
        case _:
            raise QueryError("ask for a counted ballot with [cooperative, proposal, ballot id]")
    counted = prove_counted(
        StateView(store), cooperative, proposal_id=proposal_id, ballot_id=ballot_id
    )
    if counted is None:
        raise QueryError("this ballot is not among those counted: ask after the vote closed")
    return encode([int(counted.choice), counted.index, counted.size, [*counted.path]])
