"""What a cooperative's members decided on insights, once more from its proposals.

Accepted proposals in the order of their decisions say which insight is released, found valid or
withdrawn, and by which of them; state may say nothing else.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from governance.audit.findings import Place, expect
from governance.body_view import BodyView
from governance.insights import EFFECTS
from governance.proposal_records import DecidedInsight, Enactment, Outcome, Proposal, ProposalKind
from governance.state_keys import Collection, state_key


def check_insights(view: BodyView, cooperative: bytes, proposals: Sequence[Proposal]) -> None:
    """Check that insights stand where decisions have put them.

    Args:
        view: State.
        cooperative: Whose.
        proposals: All before it; the votes among them are recounted already.

    Raises:
        AuditError: The ledger says something else of an insight.
    """
    expected: dict[bytes, DecidedInsight] = {}
    for proposal in _list_accepted(view, proposals):
        place = Place(cooperative=cooperative, what="proposal", id=proposal.id.hex())
        known = expected.get(proposal.subject, DecidedInsight())
        is_done = proposal.enactment is Enactment.DONE
        if known.withdrawn_by or proposal.kind is not ProposalKind.VALIDATION:
            # A validation may have failed because of what a partner decided meanwhile.
            expect(place, "enactment.is_done", expected=not known.withdrawn_by, found=is_done)
        field, _ = EFFECTS[proposal.kind]
        if is_done and not getattr(known, field):
            expected[proposal.subject] = replace(known, **{field: proposal.id})
    prefix = state_key(cooperative, Collection.INSIGHT, b"")
    found = {key[len(prefix) :]: DecidedInsight.decode(data) for key, data in view.kv.scan(prefix)}
    for insight in sorted({**expected, **found}):
        place = Place(cooperative=cooperative, what="insight", id=insight.hex())
        decided, kept = (one.get(insight, DecidedInsight()) for one in (expected, found))
        for field in ("released_by", "validated_by", "withdrawn_by"):
            expect(place, field, expected=getattr(decided, field), found=getattr(kept, field))


def _list_accepted(view: BodyView, proposals: Sequence[Proposal]) -> list[Proposal]:
    """Accepted proposals about insights, in the order of their decisions."""
    indexed = []
    for proposal in proposals:
        if proposal.kind in EFFECTS:
            decision = view.get_decision(proposal.cooperative, proposal.id)
            if decision is not None and decision.outcome is Outcome.ACCEPTED:
                indexed.append((decision.decision_index, proposal))
    return [proposal for _, proposal in sorted(indexed, key=lambda item: item[0])]
