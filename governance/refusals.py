"""Every reason for refusing a transaction, with its stable number.

Numbers 1 to 99 are the envelope's and the authentication's, used by the ledger; from 100 on
they are the rules'. A number is never reused. docs/transactions.md gives their precedence.
"""

from enum import IntEnum

from config.errors import RefusedError
from governance.refusals_of_accountability import REASONS_OF_ACCOUNTABILITY
from governance.refusals_of_members import REASONS_OF_MEMBERS
from governance.refusals_of_value import REASONS_OF_VALUE


class RefusalCode(IntEnum):
    """Result code of a refused transaction; 0 means applied."""

    MALFORMED = 1
    TOO_LARGE = 2
    VERSION_UNSUPPORTED = 3
    WRONG_CHAIN = 4
    TYPE_UNKNOWN = 5
    PAYLOAD_MALFORMED = 6
    SIGNATURES_MALFORMED = 7
    EXPIRED = 8
    VALID_UNTIL_TOO_FAR = 9
    ACCOUNT_UNKNOWN = 10
    ACCOUNT_LEFT = 11
    KEY_UNKNOWN = 12
    SIGNATURE_INVALID = 13
    NONCE_USED = 14
    NONCE_TOO_OLD = 15
    NONCE_TOO_FAR = 16
    SIGNATURES_TOO_FEW = 17
    QUOTA_OF_ACCOUNT = 18
    QUOTA_OF_COOPERATIVE = 19
    WAITING_TOO_MANY = 20
    KEYS_NOT_COMMITTED = 30
    KEYS_NOT_NEW = 31
    GUARDIANS_UNFIT = 32
    GUARDIANS_TOO_FEW = 33
    RECOVERY_UNFIT = 34
    RECOVERY_FINAL = 35
    ACCOUNT_DEACTIVATED = 36

    COOPERATIVE_UNKNOWN = 100
    NOT_REGISTRAR = 101
    ADMISSION_REPEATED = 102
    ACCOUNT_EXISTS = 103
    NOT_A_MEMBER = 104
    SUBJECT_REQUIRED = 105
    SUBJECT_FORBIDDEN = 106
    PROPOSALS_OPEN_TOO_MANY = 107
    PROPOSAL_EXISTS = 108
    PROPOSAL_UNKNOWN = 109
    VOTING_NOT_OPEN = 110
    VOTING_CLOSED = 111
    NOT_IN_ELECTORATE = 112
    ELECTORATE_EMPTY = 113
    COOPERATIVE_LEFT = 120
    NOT_ROOT = 121
    MOTION_UNKNOWN = 122
    MOTION_CLOSED = 123
    MOTION_APPROVED = 124
    MOTION_EXISTS = 125
    MOTIONS_OPEN_TOO_MANY = 126
    REQUEST_INVALID = 127
    COOPERATIVE_EXISTS = 128
    COOPERATIVES_TOO_MANY = 129
    IDENTITY_TAKEN = 130
    NODE_TAKEN = 131
    CONSENSUS_KEY_TAKEN = 132
    NOT_A_VALIDATOR = 133
    ALREADY_A_VALIDATOR = 134
    LAST_VALIDATOR = 135
    NOT_SUSPENDED = 136
    SUSPENDED_ON_EVIDENCE = 137
    NOTICE_GIVEN = 138
    NOT_ALONE = 139
    VOTES_OPEN = 140
    CHAIN_SEALED = 141
    SEAL_UNFIT = 142
    NO_IMPORT = 143
    IMPORT_OUT_OF_ORDER = 144
    IMPORT_UNPROVEN = 145
    IMPORT_UNFINISHED = 146
    UPGRADE_UNFIT = 160
    ACT_REQUIRED = 200
    ACT_FORBIDDEN = 201
    BYLAWS_UNFIT = 202
    FOUNDING_UNFINISHED = 203
    NOT_PROPOSER = 204
    VOTING_OPENED = 205
    AMENDMENTS_TOO_MANY = 206
    LICENCE_UNKNOWN = 207
    LICENCE_REVOKED = 208
    SUCCESSOR_UNFIT = 209
    OFFICES_TOO_MANY = 210
    OFFICE_UNKNOWN = 211
    OFFICE_SEATED = 212
    NOT_AN_OFFICER = 213
    NOT_IN_BODY = 214
    ACT_NOT_OF_BODY = 215
    STAGE_WRONG = 216
    DATA_USE_UNKNOWN = 217
    PEER_UNFIT = 218
    LICENCE_SUSPENDED = 219
    RULES_SUBMIT = 220
    BALLOT_UNFIT = 221
    ELECTION_OPEN = 222
    NOTHING_TO_ELECT = 223
    CANDIDATES_TOO_FEW = 224
    CANDIDATES_TOO_MANY = 225
    OFFICE_UNFIT = 226
    NOT_A_CANDIDATE = 227
    SALT_WRONG = 228
    SEAT_UNKNOWN = 229
    RECALL_TOO_EARLY = 230
    PETITION_EXISTS = 231
    PETITION_UNKNOWN = 232
    PETITION_CLOSED = 233
    PETITION_SIGNED = 234
    ITEMS_UNFIT = 235
    ADMISSION_UNKNOWN = 236
    ADMISSION_ATTESTED = 237
    CHALLENGE_UNFIT = 238
    ROLL_OTHER = 239
    LEAVING_ALREADY = 240
    MEMBER_UNKNOWN = 241
    EXCLUSION_OPEN = 242
    EXCLUSION_UNKNOWN = 243
    APPEAL_CLOSED = 244
    SIGNER_PROTECTED = 245
    INSIGHT_UNKNOWN = 246
    INSIGHT_WITHDRAWN = 247
    INSIGHT_OWN = 248

    COMPLAINT_UNKNOWN = 300
    COMPLAINT_EXISTS = 301
    COMPLAINT_CLOSED = 302
    COMPLAINTS_OPEN_TOO_MANY = 303
    NOT_COMPLAINANT = 304
    ESCALATION_TOO_EARLY = 305
    COMPLAINT_SUBJECT_UNFIT = 306
    STEP_OTHER = 307
    CONCERNED = 308
    ASSEMBLY_DECIDES = 320
    CHARTER_UNKNOWN = 321
    CHARTER_BINDS = 322
    DISPUTE_UNKNOWN = 330
    DISPUTE_EXISTS = 331
    DISPUTE_CLOSED = 332
    RESPONDENT_UNFIT = 333
    NOT_ASKED = 334

    OFFICE_REQUIRED = 400
    BOOKS_UNKNOWN = 401
    BOOK_ACCOUNT_UNFIT = 402
    BOOK_ACCOUNT_EXISTS = 403
    BOOK_ACCOUNTS_TOO_MANY = 404
    CURRENCY_OTHER = 405
    OPENING_UNFIT = 406
    CHARGES_APART = 407
    ENTRY_UNBALANCED = 410
    BOOK_ACCOUNT_UNKNOWN = 411
    FUNDS_MIXED = 412
    BOOK_ACCOUNT_RESERVED = 413
    RESERVE_INDIVISIBLE = 414
    ENTRY_ID_TAKEN = 415
    ENTRY_UNKNOWN = 416
    ENTRY_NOT_PENDING = 417
    ENTRY_NOT_REVERSIBLE = 418
    BALANCE_TOO_SMALL = 419
    BALANCE_TOO_LARGE = 420
    PERIOD_OTHER = 430
    ENTRIES_PENDING = 431
    SPLIT_UNDECIDED = 432
    SPLIT_UNFIT = 433
    METRIC_ATTESTED = 434
    METRIC_MISSING = 435
    ALLOCATION_CLOSED = 440
    COMMITMENT_MALFORMED = 441
    COMMITMENT_UNPROVEN = 442
    COMMITMENTS_OUT_OF_ORDER = 443
    COMMITMENTS_TOO_FEW = 444
    COMMITMENTS_TOO_MANY = 445
    SUM_UNPROVEN = 446
    TOTAL_UNFIT = 447
    SETTLEMENT_EXISTS = 450
    SETTLEMENT_UNKNOWN = 451
    SETTLEMENT_RESOLVED = 452
    SETTLEMENT_UNFIT = 453
    AGREEMENT_UNFIT = 460
    AGREEMENT_SIGNED = 461
    AGREEMENT_UNKNOWN = 462
    AGREEMENT_NOT_IN_FORCE = 463
    QUARTER_OPEN = 464
    QUARTER_NETTED = 465
    USAGE_REPORTS_TOO_MANY = 466
    CONSENT_PERIOD_OTHER = 500

    @property
    def reason(self) -> str:
        """One sentence for the sender: what is wrong and what to do."""
        return _REASONS[self]


class TxRefusedError(RefusedError):
    """A transaction breaks a rule; whatever it changed is rolled back."""

    def __init__(self, refusal: RefusalCode, detail: str = "") -> None:
        reason = f"{refusal.reason} ({detail})" if detail else refusal.reason
        super().__init__(reason, code=int(refusal))
        self.refusal = refusal


_REASONS = {
    RefusalCode.MALFORMED: "The bytes are not a canonical transaction: build it with a wallet.",
    RefusalCode.TOO_LARGE: "The transaction is too large: split it.",
    RefusalCode.VERSION_UNSUPPORTED: "The envelope's version is unknown: update the wallet.",
    RefusalCode.WRONG_CHAIN: "It was signed for another chain: sign it for this one.",
    RefusalCode.TYPE_UNKNOWN: "The transaction's type is unknown: update the wallet.",
    RefusalCode.PAYLOAD_MALFORMED: "A field of the payload is malformed: correct it.",
    RefusalCode.SIGNATURES_MALFORMED: (
        "Signatures must be at least one, not too many, sorted by key and without repetition."
    ),
    RefusalCode.EXPIRED: "It was valid until a time that has passed: sign it anew.",
    RefusalCode.VALID_UNTIL_TOO_FAR: (
        "It would stay valid for more than a day: sign it with an earlier end."
    ),
    RefusalCode.ACCOUNT_UNKNOWN: (
        "No such account is on the ledger: apply for membership and wait for admission."
    ),
    RefusalCode.ACCOUNT_LEFT: (
        "The account has left its cooperative: it can change its keys or end, and nothing else."
    ),
    RefusalCode.KEY_UNKNOWN: "A signing key is not the account's: sign with a current key.",
    RefusalCode.SIGNATURE_INVALID: "A signature does not verify: sign exactly these bytes.",
    RefusalCode.NONCE_USED: "The key has used this nonce: sign with the next one.",
    RefusalCode.NONCE_TOO_OLD: "The nonce is too far behind: sign with a newer one.",
    RefusalCode.NONCE_TOO_FAR: "The nonce is too far ahead: sign with the next one.",
    RefusalCode.SIGNATURES_TOO_FEW: "More of the account's keys must sign: collect them first.",
    RefusalCode.QUOTA_OF_ACCOUNT: "The account has spent its quota: try again later.",
    RefusalCode.QUOTA_OF_COOPERATIVE: "The cooperative has spent its quota: try again later.",
    RefusalCode.WAITING_TOO_MANY: (
        "The cooperative has as many transactions waiting as its share allows: try again after"
        " the next block."
    ),
    RefusalCode.KEYS_NOT_COMMITTED: (
        "The account has committed to other next keys: sign with the keys kept for this."
    ),
    RefusalCode.KEYS_NOT_NEW: (
        "A rotation leads to keys that were not in use just now, a registrar's not within a day"
        " either, and commits to others: make new ones."
    ),
    RefusalCode.GUARDIANS_UNFIT: (
        "The account has committed to other guardians, or to none: check their keys, the salt"
        " and the numbers."
    ),
    RefusalCode.GUARDIANS_TOO_FEW: "More guardians must sign, and the new keys too: collect them.",
    RefusalCode.RECOVERY_UNFIT: (
        "No such attempt can be made or vetoed now: look at the account's last one."
    ),
    RefusalCode.RECOVERY_FINAL: "So many guardians signed: nobody can veto this recovery.",
    RefusalCode.ACCOUNT_DEACTIVATED: "The account has ended for good: apply with a new one.",
    RefusalCode.COOPERATIVE_UNKNOWN: (
        "No such cooperative is in this federation: check the cooperative's id."
    ),
    RefusalCode.NOT_REGISTRAR: (
        "Only the cooperative's registrar does this: sign with the registrar's key."
    ),
    RefusalCode.ADMISSION_REPEATED: (
        "The same applicant stands twice in the batch: remove the repetition."
    ),
    RefusalCode.ACCOUNT_EXISTS: (
        "An applicant of the batch already has an account: remove it from the batch."
    ),
    RefusalCode.NOT_A_MEMBER: (
        "Only members of this cooperative propose and vote: apply for membership first."
    ),
    RefusalCode.SUBJECT_REQUIRED: (
        "A proposal of this kind names what it is about: give the digest of 32 bytes."
    ),
    RefusalCode.SUBJECT_FORBIDDEN: "A proposal of this kind has no subject: leave it empty.",
    RefusalCode.PROPOSALS_OPEN_TOO_MANY: (
        "The member has as many open proposals as the bylaws allow: wait until one closes."
    ),
    RefusalCode.PROPOSAL_EXISTS: "This proposal is already there: sign it with another nonce.",
    RefusalCode.PROPOSAL_UNKNOWN: (
        "No such proposal is before this cooperative: check the proposal's id."
    ),
    RefusalCode.VOTING_NOT_OPEN: (
        "Voting has not opened yet: send the ballot when the discussion has ended."
    ),
    RefusalCode.VOTING_CLOSED: "Voting has closed: the ballot came too late.",
    RefusalCode.NOT_IN_ELECTORATE: (
        "The member joined after voting opened, when the electorate was fixed:"
        " vote on later proposals."
    ),
    RefusalCode.ELECTORATE_EMPTY: (
        "Nobody is entitled to vote: propose again when the cooperative has members."
    ),
    RefusalCode.COOPERATIVE_LEFT: (
        "The cooperative is no longer a member of this federation: nothing new begins here."
    ),
    RefusalCode.NOT_ROOT: (
        "Only a cooperative's root account does this: sign with the cooperative's own key."
    ),
    RefusalCode.MOTION_UNKNOWN: "No such motion is before the federation: check its id.",
    RefusalCode.MOTION_CLOSED: (
        "The motion was enacted or has lapsed: propose it anew if it is still wanted."
    ),
    RefusalCode.MOTION_APPROVED: (
        "The cooperative has approved this motion already: wait for the others."
    ),
    RefusalCode.MOTION_EXISTS: "This motion is already there: sign it with another nonce.",
    RefusalCode.MOTIONS_OPEN_TOO_MANY: (
        "The cooperative has as many open motions as it may: wait until one is enacted or lapses."
    ),
    RefusalCode.REQUEST_INVALID: (
        "The request is not signed by the joining cooperative's root key for this network: ask it"
        " for a new one."
    ),
    RefusalCode.COOPERATIVE_EXISTS: (
        "A cooperative with this id is or was in the registry: it can enter only once."
    ),
    RefusalCode.COOPERATIVES_TOO_MANY: (
        "The federation has as many members as it can have: one must leave first."
    ),
    RefusalCode.IDENTITY_TAKEN: (
        "Another cooperative has this DID or assertion key: use the cooperative's own."
    ),
    RefusalCode.NODE_TAKEN: "Another member's node has this id: use the cooperative's own node.",
    RefusalCode.CONSENSUS_KEY_TAKEN: (
        "This consensus key is or was in use: make a new one, no key serves twice."
    ),
    RefusalCode.NOT_A_VALIDATOR: "The cooperative does not validate: there is nothing to change.",
    RefusalCode.ALREADY_A_VALIDATOR: (
        "The cooperative validates already: rotate its key to change it."
    ),
    RefusalCode.LAST_VALIDATOR: (
        "The chain would have no validator left: make another member a validator first."
    ),
    RefusalCode.NOT_SUSPENDED: "The validator is not suspended: there is nothing to lift.",
    RefusalCode.SUSPENDED_ON_EVIDENCE: (
        "The validator signed twice and is suspended: the federation can lift it by a motion."
    ),
    RefusalCode.NOTICE_GIVEN: "The cooperative has given notice already: wait until it ends.",
    RefusalCode.NOT_ALONE: (
        "Only a chain of one cooperative can be sealed: this one has other members."
    ),
    RefusalCode.VOTES_OPEN: (
        "A motion is under discussion or being voted on: seal the chain when all are closed."
    ),
    RefusalCode.CHAIN_SEALED: (
        "The chain is sealed and its cooperative has moved on: act on the chain that it joined."
    ),
    RefusalCode.SEAL_UNFIT: (
        "The former chain's seal does not fit this admission: ask the cooperative for the right"
        " one."
    ),
    RefusalCode.NO_IMPORT: "No roll is to be brought over: there is nothing to do.",
    RefusalCode.IMPORT_OUT_OF_ORDER: (
        "The former roll is brought over in its own order: send the part that comes next."
    ),
    RefusalCode.IMPORT_UNPROVEN: (
        "These are not the entries that the approved seal has at this place: send the roll as it"
        " was sealed."
    ),
    RefusalCode.IMPORT_UNFINISHED: (
        "The cooperative's former roll is still being brought over: wait until it is complete."
    ),
    RefusalCode.UPGRADE_UNFIT: (
        "The change of the rules cannot be scheduled so: correct its version or height."
    ),
    RefusalCode.CONSENT_PERIOD_OTHER: (
        "Roots over consents come period by period, each once: look up the ledger's latest."
    ),
    **{RefusalCode(number): text for number, text in REASONS_OF_MEMBERS.items()},
    **{RefusalCode(number): text for number, text in REASONS_OF_ACCOUNTABILITY.items()},
    **{RefusalCode(number): text for number, text in REASONS_OF_VALUE.items()},
}
