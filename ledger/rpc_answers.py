"""What the engine says, in our types.

Only reading of its JSON: nothing here is believed by anyone who must not trust the node.
"""

import base64
from dataclasses import dataclass

from did.jcs import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """What the ledger said about a transaction or a block; not part of any hash."""

    type: str
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Whether the engine took a transaction to be put into a block."""

    code: int
    """0 when taken; otherwise the ledger's refusal."""
    log: str
    hash: bytes
    """SHA-256 of the transaction; 32 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TxResult:
    """What became of one transaction of a block."""

    height: int
    index: int
    """Its place within the block."""
    code: int
    log: str
    data: bytes
    events: tuple[EngineEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockResults:
    """What one block changed."""

    height: int
    transactions: tuple[TxResult, ...]
    events: tuple[EngineEvent, ...]
    """Of the block itself: deadlines that fell due."""
    app_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The ledger's answer to a question about its state."""

    code: int
    log: str
    value: bytes
    proofs: tuple[bytes, ...]
    """CommitmentProofs (`ledger.ics23`) of the value, from it up to the app hash."""
    height: int
    """Height of the state; the header after it carries its app hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStatus:
    """Where the engine stands."""

    chain_id: str
    node_id: str
    height: int
    earliest_height: int
    """The oldest block that is still kept; 0 before the first."""
    time: str
    """Header time as the engine spells it, RFC 3339."""
    app_hash: bytes
    """In the latest header: the state before that block."""
    is_catching_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusRound:
    """How far the validators are with the next block."""

    height: int
    round: int
    absent: tuple[bytes, ...]
    """Addresses of validators whose vote the height waits for. Means something only once
    the chain is late: before a block is proposed nobody has voted."""
    connected: frozenset[str]
    """Node ids of the engines that this one is connected with."""
    peers_height: int
    """The highest that one of them says to be at work on; 0 without any. Not proved."""


def read_status(answer: JsonObject) -> EngineStatus:
    """The answer to `status`."""
    sync, node = answer["sync_info"], answer["node_info"]
    return EngineStatus(
        chain_id=node["network"],
        node_id=node["id"],
        height=int(sync["latest_block_height"]),
        earliest_height=int(sync["earliest_block_height"]),
        time=sync["latest_block_time"],
        app_hash=bytes.fromhex(sync["latest_app_hash"]),
        is_catching_up=sync["catching_up"],
    )


def read_block_results(answer: JsonObject, *, height: int) -> BlockResults:
    """The answer to `block_results`."""
    return BlockResults(
        height=height,
        transactions=tuple(
            read_tx_result(item, height=height, index=index)
            for index, item in enumerate(answer["txs_results"] or [])
        ),
        events=_read_events(answer["finalize_block_events"]),
        app_hash=base64.b64decode(answer["app_hash"] or ""),
    )


def read_query_result(response: JsonObject) -> QueryResult:
    """The `response` of `abci_query`."""
    proofs = response.get("proofOps") or {"ops": None}
    return QueryResult(
        code=int(response.get("code") or 0),
        log=response.get("log") or "",
        value=base64.b64decode(response.get("value") or ""),
        proofs=tuple(base64.b64decode(proof["data"]) for proof in proofs["ops"] or []),
        height=int(response.get("height") or 0),
    )


def read_tx_result(item: JsonObject, *, height: int, index: int) -> TxResult:
    """One transaction of a block."""
    return TxResult(
        height=height,
        index=index,
        code=int(item.get("code") or 0),
        log=item.get("log") or "",
        data=base64.b64decode(item.get("data") or ""),
        events=_read_events(item.get("events")),
    )


def read_consensus_round(answer: JsonObject) -> ConsensusRound:
    """The answer to `dump_consensus_state`."""
    state, peers = answer["round_state"], answer["peers"] or []
    return ConsensusRound(
        height=int(state["height"]),
        round=int(state["round"]),
        absent=find_absent(state),
        connected=frozenset(peer["node_address"].partition("@")[0] for peer in peers),
        peers_height=max(
            (int(peer["peer_state"]["round_state"]["height"]) for peer in peers), default=0
        ),
    )


def find_absent(state: JsonObject) -> tuple[bytes, ...]:
    """Whose vote the furthest step lacks: also who fell silent after an earlier one."""
    steps = [votes[kind] for votes in state["votes"] for kind in ("prevotes", "precommits")]
    cast = [step for step in steps if not all(vote.startswith("nil") for vote in step)]
    validators = state["validators"]["validators"]
    return tuple(
        bytes.fromhex(validator["address"])
        for validator, vote in zip(validators, (cast or steps)[-1], strict=True)
        if vote.startswith("nil")
    )


def _read_events(items: list[JsonObject] | None) -> tuple[EngineEvent, ...]:
    return tuple(
        EngineEvent(
            type=item["type"],
            attributes=tuple(
                (attribute["key"], attribute.get("value") or "")
                for attribute in item.get("attributes") or []
            ),
        )
        for item in items or []
    )
