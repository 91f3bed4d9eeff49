"""Why transactions about duties, complaints and disputes are refused, in a sentence each.

By the numbers of `governance.refusals.RefusalCode`, where they belong; apart because there are
many.
"""

from typing import Final

REASONS_OF_ACCOUNTABILITY: Final[dict[int, str]] = {
    300: "This cooperative has no such complaint: check the complaint's id.",
    301: "The account has opened this very complaint already: there is nothing to do.",
    302: "The complaint is closed: open a new one if there is a new reason.",
    303: (
        "The member has as many open complaints as the bylaws allow: wait until one is closed, or"
        " withdraw one."
    ),
    304: "Only who complains does this: sign with that account.",
    305: (
        "The step's time is not over and nobody has answered, or no step follows: wait until it"
        " ends."
    ),
    306: (
        "The subject is not what the complaint says that it is about: name an open office, a kind"
        " of body or a data use of this cooperative, or nothing."
    ),
    307: "It is before somebody else at this step: act when it is before you.",
    308: "The complaint is about this office or its body: let others decide.",
    320: (
        "Members decide on a change of the charter, not a root key: propose it to the assembly"
        " (kind federal)."
    ),
    321: "The federation has adopted no such change of the charter: check the motion's id.",
    322: "The change binds the cooperative already: it has ratified it, or let the time pass.",
    330: "The federation has no such dispute: check the dispute's id.",
    331: "The cooperative has opened this very dispute already: there is nothing to do.",
    332: "The dispute is closed or decided: a party may go on where one is not content.",
    333: "The respondent is not another cooperative of the registry: name one that is.",
    334: (
        "The dispute is not this cooperative's to answer now: parties do in mediation and"
        " arbitration, who was drawn does on the panel."
    ),
}
