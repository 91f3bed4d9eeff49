"""Every reason for refusing a transaction, with its stable number.

Numbers 1 to 99 are the envelope's and the authentication's, used by the ledger; from 100 on
they are the rules'. A number is never reused. docs/transactions.md gives their precedence.
"""

from enum import IntEnum

from config.errors import RefusedError


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
    RefusalCode.ACCOUNT_LEFT: "The account has left its cooperative: it can no longer act.",
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
    RefusalCode.COOPERATIVE_UNKNOWN: (
        "No such cooperative is in this federation: check the cooperative's id."
    ),
    RefusalCode.NOT_REGISTRAR: (
        "Only the cooperative's registrar admits members: sign with the registrar's key."
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
        "An insight's proposal names the insight: give its digest of 32 bytes."
    ),
    RefusalCode.SUBJECT_FORBIDDEN: "An ordinary proposal has no subject: leave it empty.",
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
}
