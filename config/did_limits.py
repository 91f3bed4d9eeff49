"""Limits of what concerns DIDs, their documents, passkeys and credentials of older wallets.

Like `config.limits`, of which it is a part, kept apart for length alone. None of these
matters to consensus.
"""

# DIDs and their documents.
DID_URL_CHARS_MAX = 2_048
DID_DOCUMENT_BYTES_MAX = 65_536
WEBVH_ENTRIES_MAX = 2_048
"""Versions in the log of one did:webvh, or entries of its witnesses' file."""
WEBVH_KEYS_MAX = 32
"""Update keys, hashes of next ones, witnesses or watchers that are in force at once."""
ACCEPT_CHARS_MAX = 512
"""How much of an Accept header is read."""

# Looking DIDs up elsewhere.
DID_FETCHES_MAX = 16
"""DIDs that are looked up elsewhere at once; who asks beyond that is told to come back."""
DID_DEADLINE_S = 20
"""For one DID, all that must be fetched for it included."""
DID_ANSWERS_KEPT_MAX = 256
DID_FRESH_S_MAX = 3_600
"""Longest that a fetched document is kept, whatever its owner says."""
DID_WEB_FRESH_S = 300
"""How long a did:web's document is kept: it says nothing itself."""
DID_REFUSAL_KEPT_S = 30

# Status lists of others' credentials.
STATUS_LISTS_KEPT_MAX = 64
"""Of one form."""
STATUS_LISTS_KEPT_BYTES_MAX = 16_777_216
"""Of one form, unpacked."""

# Credentials of the Data Model 1.1, and the process that checks their signatures.
CREDENTIAL_V1_BYTES_MAX = 131_072
"""A credential or presentation of the Data Model 1.1."""
CREDENTIALS_V1_INNER_MAX = 8
DIDKIT_FRAME_BYTES_MAX = 524_288
"""One question to didkit, or its answer."""
DIDKIT_DEADLINE_S = 5
DIDKIT_MEMORY_BYTES_MAX = 2_147_483_648
"""Address space of its process, most of it never touched."""
DIDKIT_QUESTIONS_MAX = 16
"""Questions that wait or are answered."""

# Consent.
CONSENT_STATEMENT_BYTES_MAX = 8_192
CONSENT_AGE_S_MAX = 600
"""How old a signed consent may be when it arrives."""
CONSENT_S_MAX = 157_680_000
"""The longest that a person can consent ahead: five years."""
CONSENT_TERMS_MAX = 16
"""Purposes, or resources, of one consent."""
CONSENT_STATEMENTS_MAX = 1_000
"""Of one person; revocations are taken beyond it."""
STEWARD_STATEMENTS_MAX = 500
"""Statements of a person after which stewards can hand in no more: the rest is the person's."""
CONSENT_PAGE_ENTRIES_MAX = 100
"""Entries of a history in one answer."""
CONSENT_PAGES_MAX = 10_000
"""Answers by which a wallet reads one history: a node could go on for ever."""
CONSENT_RECEIPT_ENTRIES_MAX = 32
"""Entries of a history in one receipt: the latest at the period's end."""
CONSENT_ENTRY_BYTES_MAX = 16_384
"""What one entry commits to."""
CONSENT_PERIOD_MS = 604_800_000
"""How long after one root the node puts the next on the ledger: a week."""
CONSENT_LOOK_S = 3_600
"""How often the node looks whether that is over."""
CONSENT_ANCHORING_S_MAX = 120
"""How long the command for it may take."""
CONSENT_PERIODS_LISTED_MAX = 520
"""Receipts in one list: the latest ten years'."""
CONSENT_LEAVES_MIN = 1_024
"""Under a period's root, so that their number tells nothing of a cooperative's people."""

# Passkeys.
PASSKEYS_PER_HOLDER_MAX = 10
PASSKEY_ANSWER_BYTES_MAX = 16_384
"""What an authenticator answers, as JSON."""
PASSKEY_ID_BYTES_MAX = 1_023
"""Web Authentication Level 3 §4, Credential ID."""
PASSKEY_KEY_BYTES_MAX = 1_024
"""A COSE key; RSA of 4,096 bits fits."""
PASSKEY_PROOF_AGE_S_MAX = 300
"""How long ago somebody may have proved to be here who adds a passkey."""
PASSKEY_NOTICE_S = 2_592_000
"""How long a new passkey is shown at each login: thirty days."""
PASSKEY_LABEL_CHARACTERS_MAX = 60

# What a wallet reads from a node's answers.
ANSWER_REASON_CHARACTERS_MAX = 8_192
"""Why the node refuses, as the person reads it."""
