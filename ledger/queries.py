"""What the ledger answers about its committed state (ABCI Query).

    path             data                                  answer
    ---------------  ------------------------------------  --------------------------------------
    /state           a state key                           the value, or nothing
    /log             encoded [namespace, log id,           encoded [its record in state or nil,
                     first, count]                         [entry, …], range path]
    /log/decisions   encoded [size, or 0 for now, index]   encoded [leaf, size, root, path]
    /counted         encoded [cooperative, proposal,       encoded [choice, index, size, path]
                     ballot id]                            against the decision's ballots root

`encoded` is `did.codec`'s, a path is a list of hashes from the leaf up, a range path one from
left to right (`governance.merkle_log`). /log gives at most `LIST_PAGE_ENTRIES_MAX` entries;
an empty log has an empty page from 0 on.

With `prove`, /state and /log also answer with two ICS 23 proofs: that the key, or the log's
key, has this value, or none, under the state's root (`ics23:smt`), and that root's under the
app hash (`ics23:simple`). docs/ledger.md says what follows from what. Reads only.
"""

from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import LIST_PAGE_ENTRIES_MAX
from did.codec import Value, decode, encode
from governance.counted_ballots import prove_counted
from governance.logs import DECISIONS, frontier_key, get_frontier, prove_entry, prove_page
from governance.state_keys import Collection, state_key
from governance.view import StateView
from ledger.app_hash import STATE_PART, compute_parts
from ledger.lists import read_log_key
from ledger.state import State

STATE_PATH = "/state"
LOG_PATH = "/log"
DECISIONS_PATH = "/log/decisions"
COUNTED_PATH = "/counted"
QUERY_PATHS = (STATE_PATH, LOG_PATH, DECISIONS_PATH, COUNTED_PATH)
SMT_PROOF, SIMPLE_PROOF = "ics23:smt", "ics23:simple"
_QUERY_BYTES_MAX = 1_024
_ID_BYTES = 32


class QueryError(RefusedError):
    """The question is malformed, or there is nothing to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOp:
    """One step of a proof, as the engine passes it on."""

    type: str
    key: bytes
    data: bytes
    """A CommitmentProof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a question is answered with."""

    value: bytes
    proofs: tuple[ProofOp, ...] = ()
    """From the value up to the app hash."""


def answer_query(state: State, *, path: str, data: bytes, is_proved: bool) -> Answer:
    """Answer one question.

    Args:
        state: At the height that is asked about.
        path: One of the paths above.
        data: As the path says.
        is_proved: With `/state` and `/log`: answer with the proof.

    Raises:
        RefusedError: An unknown path, malformed data, or nothing there.
    """
    if len(data) > _QUERY_BYTES_MAX:
        raise QueryError(f"a question has at most {_QUERY_BYTES_MAX} bytes")
    if path == STATE_PATH:
        value = state.get(data) or b""
        return Answer(value=value, proofs=_prove(state, data) if is_proved else ())
    if path == LOG_PATH:
        return _answer_log(state, decode(data, bytes_max=_QUERY_BYTES_MAX), is_proved=is_proved)
    if path == DECISIONS_PATH:
        return Answer(value=_answer_decision(state, decode(data, bytes_max=_QUERY_BYTES_MAX)))
    if path == COUNTED_PATH:
        return Answer(value=_answer_counted(state, decode(data, bytes_max=_QUERY_BYTES_MAX)))
    raise QueryError(f"there is no {path}: ask {', '.join(QUERY_PATHS)}")


def _prove(state: State, key: bytes) -> tuple[ProofOp, ...]:
    parts = compute_parts(state, state_root=state.record.state_root)
    return (
        ProofOp(type=SMT_PROOF, key=key, data=state.prove(key)),
        ProofOp(type=SIMPLE_PROOF, key=STATE_PART, data=parts.prove_state()),
    )


def _answer_log(state: State, question: Value, *, is_proved: bool) -> Answer:
    match question:
        case [bytes(namespace), bytes(log_id), int(first), int(count)] if (
            # Namespaces of other lengths could spell the key of another kind of record.
            len(namespace) == _ID_BYTES and first >= 0 and 0 < count <= LIST_PAGE_ENTRIES_MAX
        ):
            log = read_log_key(state_key(namespace, Collection.LOG, log_id))
        case _:
            log = None
    if log is None:
        raise QueryError(
            "ask for a page with [namespace, log id, first, count], count from 1 to "
            f"{LIST_PAGE_ENTRIES_MAX}"
        )
    key = frontier_key(log)
    page = prove_page(StateView(state), log, start=first, count=count)
    if first and not page.leaves:
        raise QueryError(f"the list has {page.size} entries: ask within it")
    return Answer(
        value=encode([state.get(key), [*page.leaves], [*page.path]]),
        proofs=_prove(state, key) if is_proved else (),
    )


def _answer_decision(state: State, question: Value) -> bytes:
    match question:
        case [int(size), int(index)]:
            pass
        case _:
            raise QueryError("ask for a log entry with [size, index]")
    view = StateView(state)
    size = size or get_frontier(view, DECISIONS).size
    entry = prove_entry(view, DECISIONS, index=index, size=size)
    if entry is None:
        raise QueryError("the log has no such entry at that size: ask within it")
    return encode([entry.leaf, entry.size, entry.root, [*entry.path]])


def _answer_counted(state: State, question: Value) -> bytes:
    match question:
        case [bytes(cooperative), bytes(proposal_id), bytes(ballot_id)] if (
            # Ids of other lengths could spell the key of another kind of record.
            len(cooperative) == len(proposal_id) == len(ballot_id) == _ID_BYTES
        ):
            pass
        case _:
            raise QueryError("ask for a counted ballot with [cooperative, proposal, ballot id]")
    counted = prove_counted(
        StateView(state), cooperative, proposal_id=proposal_id, ballot_id=ballot_id
    )
    if counted is None:
        raise QueryError("this ballot is not among those counted: ask after the vote closed")
    choice = counted.choice if isinstance(counted.choice, bytes) else int(counted.choice)
    return encode([choice, counted.index, counted.size, [*counted.path]])
