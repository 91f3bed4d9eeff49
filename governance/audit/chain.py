"""Auditing a whole federation, or one of its cooperatives, from the state of its chain."""

from collections.abc import Callable

from config.errors import RefusedError
from governance.audit.distributions import audit_distributions
from governance.audit.electorates import Electorates
from governance.audit.findings import Audited, AuditError, Place, expect
from governance.audit.insights import check_insights
from governance.audit.lists import read_list
from governance.audit.nettings import audit_nettings
from governance.audit.sealed import Sealed
from governance.audit.seats import check_seats
from governance.audit.vacancies import recount_vacancies
from governance.audit.votes import list_decisions, list_proposals, recount_vote
from governance.body_view import BodyView
from governance.logs import COOPERATIVES
from governance.proposal_records import DecisionLeaf
from governance.state_keys import Collection, state_key
from governance.value.view import ValueView
from governance.view import KeyValue


class _Auditor:
    """How far an audit is."""

    def __init__(self, kv: KeyValue, *, time_ms: int, sealed: Sealed | None) -> None:
        self.view = BodyView(kv)
        self.values = ValueView(kv)
        self.time_ms = time_ms
        self.sealed = sealed
        self.outcomes_count = self.ballots_count = self.countbacks_count = 0
        self.distributions_count = self.nettings_count = self.amounts_count = 0

    def audit_cooperative(self, cooperative: bytes, decisions: list[DecisionLeaf]) -> None:
        electorates = Electorates(self.view, cooperative)
        proposals = list_proposals(self.view, cooperative)
        for proposal in proposals:
            found = recount_vote(self.view, proposal, electorates, decisions=decisions)
            if found is not None:
                self.outcomes_count += 1
                self.ballots_count += found[1]
        check_insights(self.view, cooperative, proposals)
        by_id = {proposal.id: proposal for proposal in proposals}
        countbacks = recount_vacancies(self.view, cooperative, by_id)
        self.countbacks_count += len(countbacks)
        check_seats(self.view, cooperative, proposals, countbacks, time_ms=self.time_ms)
        distributed, amounts = audit_distributions(
            self.values, cooperative, electorates, sealed=self.sealed
        )
        self.distributions_count += distributed
        self.amounts_count += amounts

    def audit_all(self, *, tell: Callable[[bytes], None] | None) -> None:
        place = Place(cooperative=b"", what="list", id="cooperatives")
        decisions = list_decisions(self.view)
        cooperatives = read_list(self.view, COOPERATIVES, place)
        decided_count = 0
        for cooperative in dict.fromkeys(cooperatives):
            if tell is not None:
                tell(cooperative)
            self.audit_cooperative(cooperative, decisions)
            prefix = state_key(cooperative, Collection.DECISION, b"")
            decided_count += sum(1 for _ in self.view.kv.scan(prefix))
        self.nettings_count = audit_nettings(self.values)
        place = Place(cooperative=b"", what="list", id="decisions")
        expect(place, "recounted", expected=self.outcomes_count, found=decided_count)
        expect(place, "entries", expected=self.outcomes_count, found=len(decisions))


def audit_chain(
    kv: KeyValue,
    *,
    time_ms: int,
    sealed: Sealed | None = None,
    tell: Callable[[bytes], None] | None = None,
) -> Audited:
    """Recount every outcome and every distribution of a chain.

    Args:
        kv: Its state, which is only read.
        time_ms: Of the block that left it so.
        sealed: What the auditor was shown of one cooperative.
        tell: Is told each cooperative's id before it is audited.

    Returns:
        What was recounted until the first difference, and that.

    Raises:
        RefusedError: The sealed file is about a cooperative that there is not.
        InvariantError: A record is none at all: scrub the store first.
    """
    auditor = _Auditor(kv, time_ms=time_ms, sealed=sealed)
    if sealed is not None and auditor.view.get_cooperative(sealed.cooperative) is None:
        raise RefusedError("the sealed file is about a cooperative that this chain does not have")
    difference = None
    try:
        auditor.audit_all(tell=tell)
    except AuditError as error:
        difference = error.difference
    return Audited(
        outcomes_count=auditor.outcomes_count,
        ballots_count=auditor.ballots_count,
        countbacks_count=auditor.countbacks_count,
        distributions_count=auditor.distributions_count,
        nettings_count=auditor.nettings_count,
        amounts_count=auditor.amounts_count,
        difference=difference,
    )
