"""Ballot papers: what members choose from, and which choices fit.

A yes-or-no question takes yes, no or nothing; a ballot paper takes marks, or nothing. Whether
marks fit is checked when the ballot comes, so that counting never meets one that does not.
"""

from config.errors import RefusedError
from governance.body_records import BodyKind
from governance.body_view import BodyView
from governance.count.papers import is_choice
from governance.count.quadratic import check_votes
from governance.election_records import BallotPaper, Method
from governance.kinds import KINDS
from governance.proposal_records import BallotChoice, Choice, Proposal
from governance.refusals import RefusalCode, TxRefusedError

_METHODS = {
    BodyKind.COMMITTEE: Method.SCOTTISH_STV,
    BodyKind.ETHICS_PANEL: Method.SCOTTISH_STV,
    BodyKind.AUDITORS: Method.SCOTTISH_STV,
    BodyKind.OMBUDSPERSON: Method.SCHULZE,
}
"""Those that must represent all are elected in proportion, the one of a kind by comparison of
each with each; all others by approval."""


def get_method(body: BodyKind) -> Method:
    """How a body is elected."""
    return _METHODS.get(body, Method.APPROVAL)


def check_choice(view: BodyView, proposal: Proposal, choice: BallotChoice) -> None:
    """Check that a ballot answers the question.

    Raises:
        TxRefusedError: BALLOT_UNFIT; says why.
    """
    if not KINDS[proposal.kind].has_options:
        if isinstance(choice, bytes):
            raise TxRefusedError(RefusalCode.BALLOT_UNFIT, "the question is yes or no")
        return
    if not isinstance(choice, bytes):
        if choice is not Choice.ABSTAIN:
            raise TxRefusedError(RefusalCode.BALLOT_UNFIT, "mark options, or abstain")
        return
    paper = view.require_ballot_paper(proposal.cooperative, proposal.id)
    _check_marks(paper, choice)


def _check_marks(paper: BallotPaper, marks: bytes) -> None:
    count = len(paper.options)
    if paper.method is not Method.QUADRATIC:
        if not is_choice(marks, candidates_count=count):
            raise TxRefusedError(
                RefusalCode.BALLOT_UNFIT, f"name options from 0 to {count - 1}, each once"
            )
        return
    try:
        check_votes(marks, items_count=count, credits=paper.credits)
    except RefusedError as error:
        raise TxRefusedError(RefusalCode.BALLOT_UNFIT, str(error)) from error
