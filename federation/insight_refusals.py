"""Why an insight is refused: stable numbers, each with a sentence for the sender.

Apart so that the checks of the document and of its anchor share one list. A number is never
reused; partners' operators search their logs for it.
"""

from enum import IntEnum

from config.errors import RefusedError


class InsightRefusal(IntEnum):
    """Reasons in the order in which they are looked for, cheap ones first."""

    TOO_LARGE = 1
    AUTHOR_WRONG = 2
    CONTEXT_UNKNOWN = 3
    SHAPE_UNKNOWN = 4
    ORIGIN_WRONG = 5
    CONTENT_UNSAFE = 6
    DATE_WRONG = 7
    MECHANISM_UNKNOWN = 8
    EPSILON_TOO_LARGE = 9
    BUDGET_OVERSPENT = 10
    CELL_TOO_SMALL = 11
    CELLS_INCONSISTENT = 12
    DIGEST_WRONG = 13
    PROOF_INVALID = 14
    ANCHOR_UNKNOWN = 15
    ANCHOR_WRONG = 16
    DECISION_OF_ANOTHER = 17
    DECISION_ABOUT_ANOTHER = 18
    DECISION_NOT_ACCEPTED = 19
    VALIDATION_WRONG = 20


_SENTENCES = {
    InsightRefusal.TOO_LARGE: "the insight is too long",
    InsightRefusal.AUTHOR_WRONG: "the insight is attributed to another than its sender",
    InsightRefusal.CONTEXT_UNKNOWN: "the insight's contexts are not the three expected ones",
    InsightRefusal.SHAPE_UNKNOWN: "the insight has not the fields that the vocabulary gives it",
    InsightRefusal.ORIGIN_WRONG: "the insight names what does not lie under its author's origin",
    InsightRefusal.CONTENT_UNSAFE: "the insight's content is not plain text and tables",
    InsightRefusal.DATE_WRONG: "the insight's dates do not exist, lie ahead or are out of order",
    InsightRefusal.MECHANISM_UNKNOWN: "the insight's privacy mechanism is not known here",
    InsightRefusal.EPSILON_TOO_LARGE: "the insight costs more privacy than is allowed",
    InsightRefusal.BUDGET_OVERSPENT: "the insight's privacy budget is overspent or too large",
    InsightRefusal.CELL_TOO_SMALL: "a cell of the insight counts too few people",
    InsightRefusal.CELLS_INCONSISTENT: "the insight's cells contradict each other",
    InsightRefusal.DIGEST_WRONG: "the insight is not the one that its anchor names",
    InsightRefusal.PROOF_INVALID: "the insight's proof does not hold for its author's key",
    InsightRefusal.ANCHOR_UNKNOWN: "the ledger here holds no decision at the insight's anchor",
    InsightRefusal.ANCHOR_WRONG: "the insight's anchor differs from the ledger here",
    InsightRefusal.DECISION_OF_ANOTHER: "another cooperative made the decision at the anchor",
    InsightRefusal.DECISION_ABOUT_ANOTHER: "the decision at the anchor is about something else",
    InsightRefusal.DECISION_NOT_ACCEPTED: "the members did not accept the insight",
    InsightRefusal.VALIDATION_WRONG: "the insight's tally differs from the ledger here",
}


class InsightRefusedError(RefusedError):
    """An insight is not taken.

    Attributes:
        refusal: The named reason; `code` is its number.
    """

    def __init__(self, refusal: InsightRefusal, detail: str = "") -> None:
        sentence = _SENTENCES[refusal]
        super().__init__(f"{sentence}: {detail}" if detail else sentence, code=int(refusal))
        self.refusal = refusal
