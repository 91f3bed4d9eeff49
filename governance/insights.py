"""Insights: released, found valid and withdrawn by what members decide.

What a cooperative's members said of an insight stands in its own namespace under the insight's
digest: they release what is theirs, find valid what a partner has released, and take back
either, for good. Tried when it is proposed, so that nobody votes on what cannot be, and again
when it is accepted. What insights say is no matter of the ledger's.
"""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from governance.events import Events, InsightReleased, InsightValidated, InsightWithdrawn
from governance.federal_view import FederalView
from governance.proposal_records import ProposalKind
from governance.refusals import RefusalCode, TxRefusedError

_Told = InsightReleased | InsightValidated | InsightWithdrawn
EFFECTS: Final[dict[ProposalKind, tuple[str, Callable[..., _Told]]]] = {
    ProposalKind.INSIGHT: ("released_by", InsightReleased),
    ProposalKind.VALIDATION: ("validated_by", InsightValidated),
    ProposalKind.WITHDRAWAL: ("withdrawn_by", InsightWithdrawn),
}
"""Kinds of proposals whose subject is an insight's digest: which field of the insight's record
names the proposal once it is accepted, and the event that says so."""


def check_insight_motion(
    view: FederalView, kind: ProposalKind, *, cooperative: bytes, insight: bytes
) -> None:
    """Check that what a proposal asks of an insight can be done now; other kinds pass.

    Raises:
        TxRefusedError: INSIGHT_WITHDRAWN: the cooperative has taken it back. Of a validation
            also INSIGHT_OWN: the cooperative has released it itself; INSIGHT_UNKNOWN: no other
            one has released it, or each that did has taken it back. In this order.
    """
    if kind not in EFFECTS:
        return
    known = view.get_insight(cooperative, insight)
    if known.withdrawn_by:
        raise TxRefusedError(RefusalCode.INSIGHT_WITHDRAWN)
    if kind is not ProposalKind.VALIDATION:
        return
    if known.released_by:
        raise TxRefusedError(RefusalCode.INSIGHT_OWN)
    partners = (other for other in view.scan_cooperatives() if other.id != cooperative)
    if not any(view.get_insight(other.id, insight).is_published for other in partners):
        raise TxRefusedError(RefusalCode.INSIGHT_UNKNOWN)


def decide_insight(
    view: FederalView, kind: ProposalKind, *, cooperative: bytes, insight: bytes, proposal: bytes
) -> Events:
    """Let an accepted proposal about an insight take effect; what was said first stays.

    An insight may be withdrawn that this ledger has not seen released: it was on the chain that
    its cooperative left, or must never be.

    Args:
        view: State.
        kind: One of `EFFECTS`.
        cooperative: Whose members decided.
        insight: Its digest.
        proposal: The accepted proposal's id.

    Raises:
        TxRefusedError: As `check_insight_motion`.
    """
    check_insight_motion(view, kind, cooperative=cooperative, insight=insight)
    field, tell = EFFECTS[kind]
    known = view.get_insight(cooperative, insight)
    if getattr(known, field):
        return ()
    view.put_insight(cooperative, insight, replace(known, **{field: proposal}))
    return (tell(cooperative=cooperative, insight=insight, proposal=proposal),)
