"""An insight's anchor: the members' decision about it in the ledger's decision log.

Apart from the document's own checks, because these need a ledger: this tower does not know
one, so `node` supplies an `AnchorRegistry` that reads its own. A partner's word about the
ledger counts for nothing here; what it wrote must equal what our ledger says, to the byte.
Whoever has no ledger can follow leaf, path and root by RFC 6962.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from did.base64url import encode_base64url
from did.jcs import JsonObject, canonicalize
from federation.insight_refusals import InsightRefusal, InsightRefusedError
from federation.insight_schema import DECISION_ACCEPTED, HASH_ALGORITHM

_MULTIHASH_SHA256 = b"\x12\x20"
_NOT_ANCHORED = frozenset({"anchor", "validation", "proof"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Where an insight says that its decision stands."""

    chain_id: str
    leaf_index: int
    """Place in the chain's decision log, from 0."""
    leaf_count: int
    """Size of the log whose root the anchor names, > `leaf_index`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredDecision:
    """One decision as a ledger holds it, proved against the log's root at `leaf_count`."""

    chain_id: str
    height: int
    """The block in which the proposal closed."""
    leaf_index: int
    leaf_count: int
    leaf: bytes
    """The log's entry, before hashing."""
    root: bytes
    """Of the log's first `leaf_count` entries; 32 bytes."""
    path: tuple[bytes, ...]
    """From the leaf up (RFC 6962 §2.1.1); 32 bytes each."""
    cooperative_did: str
    """did:web of the cooperative whose members decided."""
    proposal_id: bytes
    subject: bytes
    """Digest of what was decided on; 32 bytes, or empty."""
    is_accepted_insight: bool
    """The proposal was about an insight, met its quorum and was accepted."""
    yes: int
    no: int
    abstain: int
    electorate_count: int


class AnchorRegistry(Protocol):
    """Reads decisions from the ledger of this node; `node` implements it."""

    async def fetch_decision(self, anchor: Anchor) -> AnchoredDecision | None:
        """Read the decision at an anchor.

        Returns:
            The decision, with leaf, path and root for the log of `anchor.leaf_count` entries;
            None if this is another chain or there can be no such entry.

        Raises:
            UnavailableError: This ledger has fewer than `leaf_count` decisions so far.
        """
        ...


def compute_insight_digest(document: JsonObject) -> bytes:
    """What members vote on and the ledger anchors; 32 bytes.

    SHA-256 of the canonical JSON (RFC 8785) without the fields that are known only after the
    vote: anchor, validation and proof.
    """
    voted = {name: value for name, value in document.items() if name not in _NOT_ANCHORED}
    return hashlib.sha256(canonicalize(voted)).digest()


def encode_digest(digest: bytes) -> str:
    """A SHA-256 digest as multibase multihash: `uEi…`."""
    return "u" + encode_base64url(_MULTIHASH_SHA256 + digest)


def parse_anchor(document: JsonObject) -> Anchor:
    """Read where an insight of known shape says that its decision stands.

    Raises:
        InsightRefusedError: The anchor lies outside its own log.
    """
    anchor = document["anchor"]
    if anchor["leafIndex"] >= anchor["leafCount"]:
        raise InsightRefusedError(InsightRefusal.ANCHOR_WRONG, "leafIndex is not below leafCount")
    return Anchor(
        chain_id=anchor["chainId"],
        leaf_index=anchor["leafIndex"],
        leaf_count=anchor["leafCount"],
    )


def render_anchor(decision: AnchoredDecision) -> JsonObject:
    """The insight's `anchor`."""
    return {
        "chainId": decision.chain_id,
        "height": decision.height,
        "digestMultibase": encode_digest(decision.subject),
        "root": encode_digest(decision.root),
        "leafIndex": decision.leaf_index,
        "leafCount": decision.leaf_count,
        "leaf": "u" + encode_base64url(decision.leaf),
        "path": [encode_digest(sibling) for sibling in decision.path],
        "hashAlg": HASH_ALGORITHM,
    }


def render_validation(decision: AnchoredDecision, *, origin: str) -> JsonObject:
    """The insight's `validation`: counts only, no voters."""
    return {
        "proposal": f"{origin}/proposals/{decision.proposal_id.hex()}",
        "decision": DECISION_ACCEPTED,
        "eligible": decision.electorate_count,
        "approve": decision.yes,
        "reject": decision.no,
        "abstain": decision.abstain,
    }


def check_anchor(
    document: JsonObject, decision: AnchoredDecision | None, *, did: str, origin: str
) -> None:
    """Check an insight that `check_insight` has passed against this node's own ledger.

    Args:
        document: The sealed insight.
        decision: What the `AnchorRegistry` says about the insight's anchor.
        did: The author's did:web.
        origin: The author's origin.

    Raises:
        InsightRefusedError: Codes 15 to 20.
    """
    if decision is None:
        raise InsightRefusedError(InsightRefusal.ANCHOR_UNKNOWN)
    if decision.cooperative_did != did:
        raise InsightRefusedError(InsightRefusal.DECISION_OF_ANOTHER)
    if decision.subject != compute_insight_digest(document):
        raise InsightRefusedError(InsightRefusal.DECISION_ABOUT_ANOTHER)
    if not decision.is_accepted_insight:
        raise InsightRefusedError(InsightRefusal.DECISION_NOT_ACCEPTED)
    expected = render_anchor(decision)
    for name, value in document["anchor"].items():
        if value != expected[name]:
            raise InsightRefusedError(InsightRefusal.ANCHOR_WRONG, name)
    if document["validation"] != render_validation(decision, origin=origin):
        raise InsightRefusedError(InsightRefusal.VALIDATION_WRONG)
