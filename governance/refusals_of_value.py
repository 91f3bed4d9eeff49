"""Sentences for the refusals of the books and of shares; apart because there are many.

By number, as `governance.refusals` names them.
"""

REASONS_OF_VALUE: dict[int, str] = {
    400: "Another office of the cooperative does this: sign with that office's keys.",
    401: "The cooperative keeps no books here yet: open its first accounts.",
    402: (
        "A cooperative opens accounts of its own beside the standard ones: choose a code from "
        "1000 to 5999 that is not one of these."
    ),
    403: "The books have this account already: choose another code.",
    404: "The books have as many accounts as they may: use those that are there.",
    405: "The books are kept in another currency: each cooperative keeps them in one.",
    406: (
        "Opening balances come with the first accounts, with their voucher, and owe members "
        "nothing: correct them."
    ),
    407: "Who pays must not know who needs what: charge another officer.",
    410: "An entry's amounts add up to zero, each account once, none empty: correct them.",
    411: "The books lack an account of the entry: open it first.",
    412: (
        "Money that was given for a purpose stays in its fund: balance the entry within each fund."
    ),
    413: "Only a period's close and what follows from it write to this account: post elsewhere.",
    414: "The reserve is indivisible: nothing is ever taken out of it.",
    415: "Another entry has this id: use a new one.",
    416: "The books have no such entry: check its id.",
    417: "The entry is not pending: it was posted or voided already.",
    418: (
        "This entry stays as it is: it is pending, void, a reversal, reversed already, or "
        "the rules' own."
    ),
    419: "The account has less than this: nothing is spent that is not there.",
    420: "The account would pass the greatest balance: check the amount.",
    430: "Another period is at this point: check its number.",
    431: "Entries of the period are pending: post or void them first.",
    432: (
        "Members have not decided this split: put it before them as a proposal on the distribution."
    ),
    433: "The split gives members more than the bylaws allow, or is no whole: correct the field.",
    434: "This metric of the period is attested already: an attestation is final.",
    435: "A metric that counts is not attested yet: its attestor does so first.",
    440: (
        "The pool of this period takes no more commitments: it is opened, or nothing is to be "
        "shared."
    ),
    441: "A commitment is no point of the prime-order group: make it anew.",
    442: "The proof does not show an allowed band: make it anew for this slot.",
    443: "Slots ascend, each once: sort the batch and go on after the last one.",
    444: "So few commitments would say too much of each: fill up with empty slots.",
    445: "The pool has as many commitments as it may: no more can be added.",
    446: "The sum of commitments does not open to this total: check total and blinding.",
    447: "The total is not what follows from the attested metrics and the pool: compute it anew.",
    450: "This payment file is recorded already: each file is paid once.",
    451: "No such payment file is recorded: check its hash.",
    452: "The bank's answer to this file is recorded already: it is final.",
    453: "A file is paid from an asset account, and never more than it asks for: correct it.",
    460: "An agreement is between two member cooperatives, and both sign the same: correct it.",
    461: "The cooperative has signed this agreement already: wait for the other.",
    462: "No such agreement is on the ledger: check its id.",
    463: "The other cooperative has not signed the agreement: it does so first.",
    464: "The quarter has not ended yet, or its reports may still come: wait.",
    465: "The quarter is netted already: what comes late is settled between the two.",
    466: "The cooperative began as many reports as it may: wait for the other sides to report.",
}
