"""Decisions of this node's own ledger, as the federation's insights are checked against.

Implements `federation.anchors.AnchorRegistry`: the one place where the two towers meet over
an insight. Leaf, root and path come from the ledger's decision log; nothing comes from a
partner.
"""

from config.errors import RefusedError, UnavailableError
from did.codec import decode, encode
from federation.anchors import Anchor, AnchoredDecision
from governance.proposal_records import DecisionLeaf, Outcome, ProposalKind
from ledger.queries import DECISIONS_PATH
from ledger.rpc import EngineClient
from node.web.projection import Projection
from node.web.registry import Registry

_ANSWER_BYTES_MAX = 65_536


class LedgerAnchors:
    """Reads decisions over the engine's RPC and the read model."""

    def __init__(
        self, engine: EngineClient, projection: Projection, registry: Registry, *, chain_id: str
    ) -> None:
        self._engine = engine
        self._projection = projection
        self._registry = registry
        self._chain_id = chain_id

    async def fetch_decision(self, anchor: Anchor) -> AnchoredDecision | None:
        """Read the decision at an anchor; see `federation.anchors.AnchorRegistry`."""
        if anchor.chain_id != self._chain_id or not 0 <= anchor.leaf_index < anchor.leaf_count:
            return None
        if self._projection.count_decisions() < anchor.leaf_count:
            raise UnavailableError("this node's ledger has not come as far as that decision yet")
        request = encode([anchor.leaf_count, anchor.leaf_index])
        answer = await self._engine.abci_query(DECISIONS_PATH, request)
        if answer.code != 0:
            raise UnavailableError(f"the ledger does not answer about its log: {answer.log}")
        leaf, root, path = _read_answer(answer.value)
        decision = DecisionLeaf.parse(leaf)
        proposal = self._projection.find_proposal(decision.proposal)
        cooperative = self._registry.find(decision.cooperative)
        if proposal is None or proposal.closed_height is None or cooperative is None:
            raise UnavailableError("this node's read model has not come as far as its ledger yet")
        return AnchoredDecision(
            chain_id=self._chain_id,
            height=proposal.closed_height,
            leaf_index=anchor.leaf_index,
            leaf_count=anchor.leaf_count,
            leaf=leaf,
            root=root,
            path=path,
            cooperative_did=cooperative.did,
            proposal_id=decision.proposal,
            subject=decision.subject,
            is_accepted_insight=(
                decision.kind is ProposalKind.INSIGHT and decision.outcome is Outcome.ACCEPTED
            ),
            yes=decision.yes_count,
            no=decision.no_count,
            abstain=decision.abstain_count,
            electorate_count=decision.electorate_count,
        )


def _read_answer(value: bytes) -> tuple[bytes, bytes, tuple[bytes, ...]]:
    match decode(value, bytes_max=_ANSWER_BYTES_MAX):
        case [bytes(leaf), int(), bytes(root), list(path)]:
            return leaf, root, tuple(item for item in path if isinstance(item, bytes))
    raise RefusedError("the ledger's answer about its log has another shape")
