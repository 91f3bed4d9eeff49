"""Countbacks of a cooperative, held again from the archived ballots of their elections.

The ledger's list says for each with whom it was held and who followed. Who might contest is
checked as far as records tell: nobody who was elected, and everybody who stood then and never
again, has followed nobody, and whose office is open still.
"""

from collections.abc import Mapping, Sequence

from governance.audit.findings import Place, expect
from governance.audit.lists import read_entries
from governance.audit.options import recount_vacancy
from governance.body_view import BodyView
from governance.counted_ballots import CountedEntry, counted_log
from governance.election_records import CountbackEntry, Method
from governance.logs import Log, LogName
from governance.proposal_records import Proposal


def recount_vacancies(
    view: BodyView, cooperative: bytes, proposals: Mapping[bytes, Proposal]
) -> list[CountbackEntry]:
    """Hold every countback of a cooperative once more.

    Args:
        view: State.
        cooperative: Whose.
        proposals: All before it by id; the votes among them are recounted already.

    Returns:
        All of them, in order, for whoever checks who sits.

    Raises:
        AuditError: Somebody else follows by the ballots.
    """
    place = Place(cooperative=cooperative, what="list", id="countbacks")
    log = Log(LogName.COUNTBACKS, namespace=cooperative)
    entries, _ = read_entries(view, log, place, CountbackEntry)
    candidacies = _count_candidacies(view, cooperative, proposals)
    followed: dict[bytes, None] = {}
    for entry in entries:
        _recount(view, entry, proposals.get(entry.election), cooperative)
        free = [
            office
            for office, count in candidacies.items()
            if count == 1 and office not in followed and office != entry.vacated
        ]
        _check_contesting(view, entry, cooperative, free=free)
        if entry.follower:
            followed[entry.follower] = None
    return entries


def _count_candidacies(
    view: BodyView, cooperative: bytes, proposals: Mapping[bytes, Proposal]
) -> dict[bytes, int]:
    """In how many elections each office stood."""
    counts: dict[bytes, int] = {}
    for proposal in proposals.values():
        paper = view.get_ballot_paper(cooperative, proposal.id)
        if paper is not None and paper.method is not Method.QUADRATIC:
            for office in paper.options:
                counts[office] = counts.get(office, 0) + 1
    return counts


def _check_contesting(
    view: BodyView, entry: CountbackEntry, cooperative: bytes, *, free: Sequence[bytes]
) -> None:
    """Nobody was left out who could have had the seat by all that is on record."""
    place = _place_of(entry, cooperative)
    paper = view.require_ballot_paper(cooperative, entry.election)
    result = view.get_count_result(cooperative, entry.election)
    winners = b"" if result is None else result.winners
    for number, office in enumerate(paper.options):
        account = view.get_account(office)
        is_open = account is not None and account.left_height is None
        if is_open and office in free and number not in winners:
            expect(place, "contesting", expected=True, found=number in entry.contesting)


def _place_of(entry: CountbackEntry, cooperative: bytes) -> Place:
    return Place(cooperative=cooperative, what="countback", id=entry.countback.hex())


def _recount(
    view: BodyView, entry: CountbackEntry, election: Proposal | None, cooperative: bytes
) -> None:
    place = _place_of(entry, cooperative)
    result = view.get_count_result(cooperative, entry.election)
    is_held = election is not None and result is not None
    expect(place, "election_is_held", expected=True, found=is_held)
    if election is None or result is None:
        return
    expect(place, "method", expected=Method.SCOTTISH_STV, found=result.method)
    expect(place, "place_was_won", expected=True, found=entry.place in result.winners)
    stood = range(len(view.require_ballot_paper(cooperative, election.id).options))
    unfit = bytes(one for one in entry.contesting if one in result.winners or one not in stood)
    expect(place, "contesting_unfit", expected=b"", found=unfit)
    entries, _ = read_entries(
        view, counted_log(cooperative, election.id, call=election.call), place, CountedEntry
    )
    chosen = recount_vacancy(
        view,
        election,
        [item.choice for item in entries],
        vacating=entry.place,
        contesting=entry.contesting,
        place=place,
    )
    if entry.follower:
        expect(place, "follower", expected=chosen, found=entry.follower)
