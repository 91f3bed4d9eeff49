"""Why transactions about proposals, bodies and elections are refused, in a sentence each.

By the numbers of `governance.refusals.RefusalCode`, where they belong; apart because there are
many.
"""

from typing import Final

REASONS_OF_MEMBERS: Final[dict[int, str]] = {
    200: ("A proposal of this kind says what is to be done: add an act that it may ask for."),
    201: "A proposal of this kind asks for no act: leave it out.",
    202: (
        "The bylaws go below the charter's floors, or are those that are in force: correct them."
    ),
    203: (
        "The cooperative is being founded: propose this after its first election, or when twelve"
        " months have passed."
    ),
    204: "Only the proposer changes a proposal: sign with that account.",
    205: ("Voting has opened or the proposal has ended: propose anew what should change."),
    206: ("The proposal was amended as often as the bylaws allow: withdraw it and propose anew."),
    207: ("The cooperative has granted no such licence: check the granting proposal's id."),
    208: "The licence was revoked already: there is nothing to end.",
    209: ("The successor is not another member cooperative of this federation: name one that is."),
    210: ("There would be more office accounts than members: close one that nobody uses first."),
    211: ("The cooperative has no such open office account: check the account's id."),
    212: ("The office holds a seat: its holder resigns, or members recall them."),
    213: (
        "Only an office account of this cooperative does this: sign with the office's key, never"
        " with the member's own."
    ),
    214: "The officer has no seat in this body: somebody who has must sign.",
    215: "This is not for this body to do: ask the body that may.",
    216: (
        "The proposal is not where this can be done: look up its stage and wait, or act earlier"
        " next time."
    ),
    217: ("No such data use is accepted, begun or stopped as this needs it: check its proposal."),
    218: (
        "This is not another cooperative of the federation, or it is suspended already: check"
        " its id."
    ),
    219: "The licence is suspended already: nothing is left to do.",
    220: ("Nobody submits a proposal of this kind: the rules do, when its time has come."),
    221: "The ballot does not answer the question: mark what is asked.",
    222: "This body is being elected already: wait for the result.",
    223: ("No seat of this body is free, and no term ends soon: wait for the next election."),
    224: (
        "Too few stand for this body: the assembly decides itself, and can call an election again."
    ),
    225: ("As many stand as a ballot paper has room for: somebody must withdraw first."),
    226: ("Nobody sits in the committee and in a body that watches it: resign from one first."),
    227: "This office does not stand in this election: nominate it first.",
    228: ("This is not the salt that was committed to with the nomination: send that one."),
    229: "This office holds no seat in this body: check both.",
    230: ("The officer has not been in office for as long as the bylaws grant: wait until then."),
    231: "This petition is already there: sign it instead.",
    232: "The cooperative has no such petition: check its id.",
    233: ("The petition has succeeded or lapsed: start another if it is still wanted."),
    234: "The member has signed this petition already: that counts.",
    235: "Items ascend, each once: sort them and remove repetitions.",
    236: "The cooperative has no such admission that waits: check its id.",
    237: "An auditor has attested this admission already: that is enough.",
    238: (
        "Nobody can object to this now: name somebody of the admission, once, while its window"
        " is open."
    ),
    239: "The roll is another by now: look at it once more and vouch for what it is.",
    240: "The member leaves already with the next batch: there is nothing to do.",
    241: "The account is on this cooperative's roll no more, or never was: check it.",
    242: "The member is being excluded already: wait for the end of that.",
    243: "Nobody wants to exclude this member: there is nothing to appeal against.",
    244: "The appeal was made, or came too late: the assembly's decision holds.",
    245: (
        "The member has signed a petition that still runs: officers cannot exclude signers until"
        " it has ended."
    ),
    246: "No partner publishes this insight: check its digest, or wait until it is released.",
    247: "The cooperative has withdrawn this insight for good: release a corrected one instead.",
    248: "The cooperative released this insight itself: partners are who find it valid.",
}
