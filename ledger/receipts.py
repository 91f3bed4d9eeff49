"""Receipts: a fact of the ledger in one file that anybody can check without the network.

A receipt holds a state key with its value (or the lack of one), the proofs that lead to the
app hash, the header that carries it with its commit and validators, and the blocks that lead
there from older validators; a block's receipt has the block and what leads to it alone.
Checked against a trust bundle; whoever served it needs no trust.
Pure: building one is `ledger.receipt_builder`'s matter, wording `ledger.receipt_meaning`'s.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from config.limits import (
    BRIDGE_BLOCKS_MAX,
    RECEIPT_BYTES_MAX,
    STATE_KEY_BYTES_MAX,
    STATE_PROOF_BYTES_MAX,
)
from did.jcs import JsonObject, parse_json_object
from governance.counted_ballots import compute_ballot_leaf
from governance.fields import STATE_VALUE_BYTES_MAX
from governance.logs import Log
from governance.merkle_log import Frontier, is_included, is_range_included
from governance.proposal_records import Ballot, BallotChoice, Decision
from governance.state_keys import Collection, is_derived, state_key
from ledger.app_hash import STATE_PART
from ledger.ics23 import SMT, TENDERMINT, check_absence, check_membership, decode_existence
from ledger.light import find_on_chain
from ledger.light_blocks import LightBlock, parse_light_block, render_light_block
from ledger.lists import read_log_key
from ledger.receipt_consents import ConsentFact, ConsentHistory, parse_history, read_history
from ledger.receipt_extras import (
    CountedBallot,
    ListPage,
    ReceiptError,
    parse_counted,
    parse_page,
    read_fields,
    read_hex,
)
from ledger.trust import TrustBundle

RECEIPT_VERSION = 2
_ID_BYTES = 32
_BLOCK_FIELDS = ("header", "commit", "validators")


Extra: TypeAlias = CountedBallot | ConsentHistory | ListPage


class ReceiptKind(StrEnum):
    """What a receipt is about; follows from its key and content."""

    BALLOT = "ballot"
    """A ballot was in state."""
    COUNTED = "counted"
    """A ballot was among those that made a decision."""
    CONSENTS = "consents"
    """A person's history of consent led to a period's root."""
    PAGE = "page"
    """Entries of a list stand there, none left out."""
    STATE = "state"
    """Any other key, and its value or absence."""
    BLOCK = "block"
    """No key at all: that the block itself was agreed, with the app hash that it carries."""


_KINDS = {
    CountedBallot: ReceiptKind.COUNTED,
    ConsentHistory: ReceiptKind.CONSENTS,
    ListPage: ReceiptKind.PAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as read: nothing is checked yet."""

    chain_id: str
    kind: ReceiptKind
    key: bytes
    """Empty for kind `BLOCK`; no key of the state is."""
    value: bytes | None
    """None: the key had no value."""
    proof: tuple[bytes, ...]
    """CommitmentProofs (`ledger.ics23`): of the key under the state's root, of it under the
    app hash. None for kind `BLOCK`."""
    block: LightBlock
    """The block after the one that made this state: its header carries the app hash."""
    bridge: tuple[LightBlock, ...] = ()
    """Blocks that lead there from older validators, ascending."""
    extra: Extra | None = None
    """For kinds `COUNTED`, `CONSENTS` and `PAGE`: what leads to the root that the value names."""

    def to_json(self) -> JsonObject:
        """The receipt's file."""
        return {
            "version": RECEIPT_VERSION,
            "chain_id": self.chain_id,
            "kind": str(self.kind),
            "key": self.key.hex(),
            "value": None if self.value is None else self.value.hex(),
            "proof": [item.hex() for item in self.proof],
            **render_light_block(self.block),
            "bridge": [render_light_block(block) for block in self.bridge],
            "extra": None if self.extra is None else self.extra.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotFact:
    """The ballot that a receipt shows."""

    cooperative: bytes
    proposal_id: bytes
    ballot_id: bytes
    """The account's, if it equals `governance.records.compute_ballot_id` of it."""
    choice: BallotChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFact:
    """The part of a list that a receipt shows."""

    log: Log
    size: int
    """Entries of the whole list at that block."""
    first: int
    """Place of the first entry, from 0."""
    entries: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a checked receipt shows to whoever trusts the bundle."""

    chain_id: str
    kind: ReceiptKind
    height: int
    """Block whose validators vouched for the state after the block before it."""
    time_ms: int
    """That block's header time."""
    header_hash: bytes
    app_hash: bytes
    """Of all that the ledger held before that block."""
    key: bytes
    value: bytes | None
    ballot: BallotFact | None = None
    """For kinds `BALLOT` and `COUNTED`."""
    decision: Decision | None = None
    """For kind `COUNTED`: the result that the ballot is part of."""
    page: PageFact | None = None
    """For kind `PAGE`."""
    consents: ConsentFact | None = None
    """For kind `CONSENTS`."""
    trust: TrustBundle
    """The reader's, moved to the receipt's block if that is later."""


def parse_receipt(data: bytes) -> Receipt:
    """Read a receipt's file.

    Raises:
        RefusedError: Malformed, or with other fields.
    """
    return parse_receipt_object(parse_json_object(data, bytes_max=RECEIPT_BYTES_MAX))


def parse_receipt_object(document: JsonObject) -> Receipt:
    """Read a receipt from parsed JSON.

    Raises:
        RefusedError: Malformed, or with other fields.
    """
    fields = read_fields(
        document,
        "version chain_id kind key value proof header commit validators bridge extra",
    )
    if fields["version"] != RECEIPT_VERSION or type(fields["version"]) is not int:
        raise ReceiptError(f"only receipts of version {RECEIPT_VERSION} can be read")
    if fields["kind"] not in list(ReceiptKind) or not isinstance(fields["chain_id"], str):
        raise ReceiptError("unknown kind of receipt")
    proof = fields["proof"]
    proofs = 0 if fields["kind"] == ReceiptKind.BLOCK else 2
    if not isinstance(proof, list) or len(proof) != proofs:
        raise ReceiptError("a receipt has two proofs: of key and state's root; a block's has none")
    bridge = fields["bridge"]
    if not isinstance(bridge, list) or len(bridge) > BRIDGE_BLOCKS_MAX:
        raise ReceiptError(f"a bridge is a list of at most {BRIDGE_BLOCKS_MAX} blocks")
    return Receipt(
        chain_id=fields["chain_id"],
        kind=ReceiptKind(fields["kind"]),
        key=read_hex(fields["key"], bytes_max=STATE_KEY_BYTES_MAX),
        value=(
            None
            if fields["value"] is None
            else read_hex(fields["value"], bytes_max=STATE_VALUE_BYTES_MAX)
        ),
        proof=tuple(read_hex(item, bytes_max=STATE_PROOF_BYTES_MAX) for item in proof),
        block=parse_light_block({name: fields[name] for name in _BLOCK_FIELDS}),
        bridge=tuple(parse_light_block(item) for item in bridge),
        extra=_parse_extra(ReceiptKind(fields["kind"]), fields["extra"]),
    )


def check_receipt(
    receipt: Receipt, *, trust: TrustBundle, now_ms: int, accepts_old_trust: bool = False
) -> Verified:
    """Check a receipt offline, from signature to meaning.

    Args:
        receipt: As read.
        trust: Whom the reader believes.
        now_ms: The reader's clock, Unix milliseconds.
        accepts_old_trust: Whether the reader believes them beyond the trusting period.

    Raises:
        RefusedError: Any link is missing: chain, validators, signatures, app hash, proof,
            or the place among the counted.
    """
    if receipt.chain_id != trust.chain_id:
        raise ReceiptError(
            f"the receipt is of another chain than {trust.chain_id!r}: name a genesis file or "
            "trust bundle of the receipt's own chain, also if the one goes on from the other"
        )
    moved = find_on_chain(
        receipt.block,
        trust=trust,
        now_ms=now_ms,
        bridge=receipt.bridge,
        accepts_old_trust=accepts_old_trust,
    )
    if receipt.kind is not ReceiptKind.BLOCK:
        check_proofs(receipt)
    return _read_fact(receipt, trust=moved)


def check_proofs(receipt: Receipt) -> None:
    """Check that key and value follow from the header's app hash, whoever signed it.

    Raises:
        ProofError: They do not.
        ReceiptError: The key is not of the state at all.
    """
    if is_derived(receipt.key):
        raise ReceiptError("the key is outside the state's tree, which shows nothing about it")
    of_key, of_root = receipt.proof
    root = decode_existence(of_root, spec=TENDERMINT).value
    app_hash = receipt.block.header.app_hash
    check_membership(spec=TENDERMINT, root=app_hash, key=STATE_PART, value=root, proof=of_root)
    if receipt.value is None:
        check_absence(root=root, key=receipt.key, proof=of_key)
    else:
        check_membership(spec=SMT, root=root, key=receipt.key, value=receipt.value, proof=of_key)


def find_kind(*, key: bytes, value: bytes | None, extra: Extra | None) -> ReceiptKind:
    """What a receipt is about."""
    if extra is not None:
        return _KINDS[type(extra)]
    if value is not None and _is_key_of(key, Collection.BALLOT, ids=2):
        return ReceiptKind.BALLOT
    return ReceiptKind.STATE if key or value is not None else ReceiptKind.BLOCK


def ballot_key(*, cooperative: bytes, proposal_id: bytes, ballot_id: bytes) -> bytes:
    """The state key of a ballot."""
    return state_key(cooperative, Collection.BALLOT, proposal_id + ballot_id)


def decision_key(*, cooperative: bytes, proposal_id: bytes) -> bytes:
    """The state key of a closed vote's result."""
    return state_key(cooperative, Collection.DECISION, proposal_id)


def _read_fact(receipt: Receipt, *, trust: TrustBundle) -> Verified:
    ballot, decision, page, consents = None, None, None, None
    kind = find_kind(key=receipt.key, value=receipt.value, extra=receipt.extra)
    if receipt.kind is not kind:
        raise ReceiptError(f"the receipt is of kind {kind}, not {receipt.kind}")
    if isinstance(receipt.extra, CountedBallot):
        ballot, decision = _read_counted(receipt, receipt.extra)
    elif isinstance(receipt.extra, ListPage):
        page = _read_page(receipt, receipt.extra)
    elif isinstance(receipt.extra, ConsentHistory):
        consents = read_history(receipt.key, receipt.value, receipt.extra)
    elif kind is ReceiptKind.BALLOT and receipt.value is not None:
        ballot = _read_ballot(receipt.key, receipt.value)
    return Verified(
        chain_id=receipt.chain_id,
        kind=kind,
        height=receipt.block.height,
        time_ms=receipt.block.header.time_ms,
        header_hash=receipt.block.header.compute_hash(),
        app_hash=receipt.block.header.app_hash,
        key=receipt.key,
        value=receipt.value,
        ballot=ballot,
        decision=decision,
        page=page,
        consents=consents,
        trust=trust,
    )


def _read_ballot(key: bytes, value: bytes) -> BallotFact:
    record = Ballot.parse(value)
    ids = key[_ID_BYTES + 1 :]
    return BallotFact(
        cooperative=key[:_ID_BYTES],
        proposal_id=ids[:_ID_BYTES],
        ballot_id=ids[_ID_BYTES:],
        choice=record.choice,
    )


def _read_counted(receipt: Receipt, counted: CountedBallot) -> tuple[BallotFact, Decision]:
    key = receipt.key
    if receipt.value is None or not _is_key_of(key, Collection.DECISION, ids=1):
        raise ReceiptError("a counted ballot is shown by the result of its vote")
    decision = Decision.parse(receipt.value)
    leaf = compute_ballot_leaf(ballot_id=counted.ballot_id, choice=counted.choice)
    if not is_included(
        leaf=leaf,
        index=counted.index,
        size=decision.ballots_count,
        path=counted.path,
        root=decision.ballots_root,
    ):
        raise ReceiptError("the ballot is not among those counted")
    fact = BallotFact(
        cooperative=key[:_ID_BYTES],
        proposal_id=key[_ID_BYTES + 1 :],
        ballot_id=counted.ballot_id,
        choice=counted.choice,
    )
    return fact, decision


def _read_page(receipt: Receipt, page: ListPage) -> PageFact:
    log = read_log_key(receipt.key)
    if log is None:
        raise ReceiptError("a page of a list is shown by what state says of that list")
    size = 0
    if receipt.value is None:
        if page.first or page.entries or page.path:
            raise ReceiptError("an empty list has no entries")
    else:
        frontier = Frontier.parse(receipt.value)
        size = frontier.size
        if not is_range_included(
            leaves=page.entries,
            start=page.first,
            size=size,
            path=page.path,
            root=frontier.compute_root(),
        ):
            raise ReceiptError("the entries are not the list's, or not at these places")
    return PageFact(log=log, size=size, first=page.first, entries=page.entries)


def _parse_extra(kind: ReceiptKind, value: object) -> Extra | None:
    if kind is ReceiptKind.PAGE:
        return parse_page(value)
    if kind is ReceiptKind.CONSENTS:
        return parse_history(value)
    return None if value is None else parse_counted(value)


def _is_key_of(key: bytes, collection: Collection, *, ids: int) -> bool:
    return len(key) == _ID_BYTES * (1 + ids) + 1 and key[_ID_BYTES] == collection
