"""Receipts of a vote on a made-up chain whose validators turn over, for every verifier's tests."""

import json
import random
from collections.abc import Iterator, Sequence

from did.consent.chain import EMPTY_HEAD, Entry, EntryKind, append_entry, compute_leaf, render_body
from governance.consent_anchors import ConsentRoot, consent_root_key
from governance.counted_ballots import compute_ballot_leaf
from governance.logs import COOPERATIVES, DECISIONS, Log, LogName, frontier_key
from governance.merkle_log import EMPTY_FRONTIER, compute_range_path, compute_root
from governance.proposal_records import Ballot, Choice, Decision, Outcome, compute_ballot_id
from governance.state_keys import FEDERATION, Collection, state_key
from governance.value.need import SlotCommitment
from ledger.app_hash import AppHashParts
from ledger.receipt_consents import ConsentHistory, SaltedBody
from ledger.receipt_extras import CountedBallot, ListPage
from ledger.receipts import Extra, Receipt, ReceiptKind, ballot_key, decision_key
from tests.ledger import plain_tree
from tests.ledger.signed_chain import BEGINS_NS, MINUTE_NS, SignedChain
from tests.merkle import compute_path, read_from

COOPERATIVE, PROPOSAL = bytes([1]) * 32, bytes([2]) * 32
ACCOUNTS = [bytes([10 + number]) * 32 for number in range(5)]
CHOICES = [Choice.YES, Choice.YES, Choice.NO, Choice.YES, Choice.ABSTAIN]
BALLOTS = sorted(
    (
        (compute_ballot_id(proposal_id=PROPOSAL, account=account), Ballot(choice=choice))
        for account, choice in zip(ACCOUNTS, CHOICES, strict=True)
    ),
    key=lambda item: item[0],
)
LEAVES = [compute_ballot_leaf(ballot_id=item, choice=ballot.choice) for item, ballot in BALLOTS]
DECISION = Decision(
    yes_count=3,
    no_count=1,
    abstain_count=1,
    electorate_count=9,
    quorum_bps=3_000,
    outcome=Outcome.ACCEPTED,
    ballots_root=compute_root(LEAVES),
    decision_index=0,
    closed_height=6,
    closed_ms=1_700_000_000_000,
)
PARAMETERS_KEY = state_key(FEDERATION, Collection.PARAMETERS, b"")
ABSENT_KEY = ballot_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL, ballot_id=bytes(32))
ROLL = Log(LogName.ROLL, namespace=COOPERATIVE)
COUNT = Log(LogName.BALLOTS, namespace=COOPERATIVE, subject=PROPOSAL)
POOL = Log(LogName.COMMITMENTS, namespace=COOPERATIVE, subject=PROPOSAL)
LISTS = {
    ROLL: [number.to_bytes(2, "big") for number in range(300)],
    COUNT: LEAVES,
    COOPERATIVES: [COOPERATIVE],
    POOL: [SlotCommitment(slot=account, commitment=account).encode() for account in ACCOUNTS],
}
"""Lists of several sizes; that of decisions is empty."""


def compute_frontier(leaves: Sequence[bytes]) -> bytes:
    """What state says of a list."""
    frontier = EMPTY_FRONTIER
    for leaf in leaves:
        frontier = frontier.append(leaf)
    return frontier.encode()


STATE = {
    decision_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL): DECISION.encode(),
    PARAMETERS_KEY: b"parameters",
} | {
    ballot_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL, ballot_id=item): ballot.encode()
    for item, ballot in BALLOTS
}
CONSENT_SALT = bytes([5]) * 32
HISTORY = [
    (EntryKind.GRANT, {"statement": "e30.e30.c2ln"}),
    (EntryKind.USE, {"purpose": "DUO:0000006", "draft": "ab" * 32, "height": 41}),
    (EntryKind.REVOCATION, {"statement": "e30.é𝄞.c2ln"}),
]
ENTRIES: list[Entry] = []
for place, (kind, content) in enumerate(HISTORY):
    ENTRIES.append(
        append_entry(
            ENTRIES[-1] if ENTRIES else None,
            kind=kind,
            at_ms=1_700_000_000_000 + place,
            content=content,
            salt=bytes([20 + place]) * 32,
        )
    )
CONSENT_LEAVES = sorted(
    [
        compute_leaf(ENTRIES[-1].head, period=7, salt=CONSENT_SALT),
        *(bytes([number]) * 32 for number in range(0, 225, 32)),
    ]
)[:8]
STATE |= {consent_root_key(COOPERATIVE, 7): ConsentRoot(root=compute_root(CONSENT_LEAVES)).encode()}
STATE |= {frontier_key(log): compute_frontier(leaves) for log, leaves in LISTS.items()}
PARTS = AppHashParts(
    state_root=plain_tree.compute_root(plain_tree.hash_leaves(STATE)),
    log_root=bytes([3]) * 32,
    params_root=bytes([4]) * 32,
)
CHAIN = SignedChain(
    [[0, 1, 2, 3]] * 10 + [[1, 2, 3, 4]] * 10 + [[3, 4, 5, 6]] * 10 + [[4, 5, 6, 7]],
    app_hash=PARTS.compute(),
)
TRUST = CHAIN.get_trust(2)
"""The first validators', while they last."""
FLIPS = [0] * 9 + [1, 0x80]
"""Mostly letters that JSON knows, sometimes others, sometimes no UTF-8."""
NOW_MS = (BEGINS_NS + 60 * MINUTE_NS) // 1_000_000
NEAR, FAR = 6, 40
"""A block that the first validators signed, and one that needs a bridge."""
BRIDGE = tuple(CHAIN.get_block(height, votes="YYY.") for height in (15, 25))


def make_receipt(
    key: bytes,
    kind: ReceiptKind = ReceiptKind.STATE,
    extra: Extra | None = None,
    *,
    height: int = NEAR,
    votes: str = "",
) -> Receipt:
    """The receipt of a key, by the block at a height; with a bridge where one is needed."""
    return Receipt(
        chain_id=CHAIN.chain_id,
        kind=kind,
        key=key,
        value=STATE.get(key),
        proof=(plain_tree.prove(STATE, key), PARTS.prove_state()),
        block=CHAIN.get_block(height, votes=votes),
        bridge=BRIDGE if height == FAR else (),
        extra=extra,
    )


def make_ballot_receipt(*, height: int = NEAR, votes: str = "") -> Receipt:
    """The first ballot's."""
    key = ballot_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL, ballot_id=BALLOTS[0][0])
    return make_receipt(key, ReceiptKind.BALLOT, height=height, votes=votes)


def make_counted_receipt(index: int, *, height: int = NEAR) -> Receipt:
    """That a ballot was counted."""
    item, ballot = BALLOTS[index]
    counted = CountedBallot(
        ballot_id=item,
        choice=ballot.choice,
        index=index,
        path=compute_path(LEAVES, index=index),
    )
    key = decision_key(cooperative=COOPERATIVE, proposal_id=PROPOSAL)
    return make_receipt(key, ReceiptKind.COUNTED, counted, height=height)


def make_page(log: Log, *, first: int, count: int) -> ListPage:
    """Entries of a list, as an honest node shows them."""
    leaves = LISTS.get(log, [])
    end = min(first + count, len(leaves))
    path = compute_range_path(read_from(leaves), start=first, end=end, size=len(leaves))
    return ListPage(first=first, entries=tuple(leaves[first:end]), path=path)


def make_page_receipt(log: Log, *, first: int = 0, count: int = 256) -> Receipt:
    """A page of a list."""
    page = ListPage(first=0, entries=(), path=())
    if log in LISTS:
        page = make_page(log, first=first, count=count)
    return make_receipt(frontier_key(log), ReceiptKind.PAGE, page)


def make_block_receipt(*, height: int = NEAR, votes: str = "") -> Receipt:
    """That a block was agreed."""
    return Receipt(
        chain_id=CHAIN.chain_id,
        kind=ReceiptKind.BLOCK,
        key=b"",
        value=None,
        proof=(),
        block=CHAIN.get_block(height, votes=votes),
        bridge=BRIDGE if height == FAR else (),
    )


def make_history(*, first: int = 1) -> ConsentHistory:
    """A history of consent from an entry on, as an honest node shows it."""
    leaf = compute_leaf(ENTRIES[-1].head, period=7, salt=CONSENT_SALT)
    index = CONSENT_LEAVES.index(leaf)
    return ConsentHistory(
        before=EMPTY_HEAD if first == 1 else ENTRIES[first - 2].head,
        entries=tuple(
            SaltedBody(body=render_body(item).decode(), salt=item.salt)
            for item in ENTRIES[first - 1 :]
        ),
        salt=CONSENT_SALT,
        index=index,
        path=compute_path(CONSENT_LEAVES, index=index),
    )


def make_consent_receipt(history: ConsentHistory) -> Receipt:
    """That a history was under period 7's root."""
    return make_receipt(consent_root_key(COOPERATIVE, 7), ReceiptKind.CONSENTS, history)


def make_samples() -> dict[str, Receipt]:
    """One of each kind, near and over a bridge."""
    return {
        "ballot": make_ballot_receipt(),
        "ballot over a bridge": make_ballot_receipt(height=FAR),
        "ballot of three validators": make_ballot_receipt(votes="YY.Y"),
        "ballot, one against": make_ballot_receipt(votes="YYYN"),
        "counted": make_counted_receipt(2),
        "counted over a bridge": make_counted_receipt(4, height=FAR),
        "page": make_page_receipt(ROLL, first=120, count=7),
        "whole list": make_page_receipt(COUNT),
        "list of one": make_page_receipt(COOPERATIVES),
        "list of a pool": make_page_receipt(POOL, first=1, count=3),
        "empty list": make_page_receipt(DECISIONS),
        "consents": make_consent_receipt(make_history()),
        "latest consents": make_consent_receipt(make_history(first=3)),
        "present": make_receipt(PARAMETERS_KEY),
        "absent": make_receipt(ABSENT_KEY),
        "block": make_block_receipt(),
        "block of three validators": make_block_receipt(votes="Y.YY"),
        "block over a bridge": make_block_receipt(height=FAR),
        "absent over a bridge": make_receipt(ABSENT_KEY, height=FAR),
    }


def render(receipt: Receipt) -> bytes:
    """The file, without a byte that says nothing."""
    return json.dumps(receipt.to_json(), separators=(",", ":")).encode()


def change_bytes(data: bytes, chance: random.Random, *, count: int) -> Iterator[bytes]:
    """Files that differ in one byte: exchanged, left out or put in."""
    for _ in range(count):
        place = chance.randrange(len(data))
        byte = bytes([chance.choice(b'0123456789abcdefABCDEF{}[]",: .-+eE') ^ chance.choice(FLIPS)])
        kind = chance.randrange(4)
        if kind == 0:
            yield data[:place] + data[place + 1 :]
        elif kind == 1:
            yield data[:place] + byte + data[place:]
        elif data[place : place + 1] != byte:
            yield data[:place] + byte + data[place + 1 :]
