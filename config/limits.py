"""Every limit that bounds input, memory or time, in one place.

Units are the last word of each name. Limits that consensus depends on are marked: changing
one is a change of the rules and needs every node at once.
"""

# Consensus: bytes, items and depth of what a block may carry.
TX_BYTES_MAX = 65_536
"""One signed transaction."""
TX_SIGNATURES_MAX = 16
GUARDIANS_MAX = 9
"""Of one account: their signatures and the new keys' have to fit into one transaction."""
TX_VALIDITY_MS_MAX = 86_400_000
"""How far ahead of block time `valid_until_ms` may lie: one day."""
TX_OFFERED_MS = 600_000
"""Validity that our own wallets and commands give a transaction."""
CHAIN_ID_CHARS_MAX = 50
"""The engine's own limit."""
BLOCK_BYTES_MAX = 4_194_304
"""One block, transactions and all else."""
GAS_PER_BYTE = 1
GAS_PER_SIGNATURE = 250
GAS_PER_TRANSACTION = 500
"""Each transaction costs this and its bytes and signatures; `governance.transactions` says
what its work costs on top. A ballot of one key costs about 1,240."""
BLOCK_GAS_MAX = 25_000_000
"""About 20,000 ballots."""
QUOTA_ACCOUNT_GAS = 60_000
"""What an account may spend at once: about 48 ballots."""
QUOTA_ACCOUNT_US_PER_GAS = 50_000
"""How fast that comes back: about a ballot a minute."""
QUOTA_COOPERATIVE_GAS = 25_000_000
"""What a cooperative's accounts may spend at once together: one full block."""
QUOTA_COOPERATIVE_US_PER_GAS = 10
"""How fast that comes back: about 80 ballots a second."""
CODEC_DEPTH_MAX = 8
"""Nesting of canonical msgpack; an envelope's body nests four deep."""
MEMPOOL_TXS_MAX = 16_384
"""Transactions that may wait for a block; not part of consensus."""
MEMPOOL_BYTES_MAX = BLOCK_BYTES_MAX
"""Bytes that may wait: so many that each block is chosen from all of them."""
VERIFIED_TRANSACTIONS_MAX = 2 * MEMPOOL_TXS_MAX
"""Transactions whose signatures are known to hold; not part of consensus."""
NONCE_WINDOW = 128
"""Nonces behind the highest used one that may still be used, once each (per key)."""
ADMISSIONS_PER_TX_MAX = 64
IMPORTS_PER_TX_MAX = 48
"""Entries of a former chain's roll in one transaction, each with its proof."""
ACCOUNTS_SEALED_PER_BLOCK_MAX = 1_000
"""Accounts that a sealed chain reads in one block."""
SEALED_FILE_BYTES_MAX = 134_217_728
"""What a sealed chain hands over, in one file: about 400,000 members."""
REQUEST_BYTES_MAX = 16_384
"""A cooperative's signed request to join, with its sealed chain."""
VOTING_DAYS_MAX = 366
"""Longest voting that a proposal may ask for."""
COOPERATIVES_MAX = 64
COOPERATIVE_NAME_MAX = 100
DID_CHARS_MAX = 256
P2P_ADDRESS_CHARS_MAX = 300
BODY_SEATS_MAX = 15
"""Seats of an elected body; bylaws allow fewer."""
MOTIONS_OPEN_MAX = 16
"""Motions of one cooperative before the federation that are neither enacted nor lapsed."""
GENESIS_BYTES_MAX = 1_048_576
"""A genesis file with its founders' offers."""
STATE_KEY_BYTES_MAX = 256
"""A key of the state; the rules' longest has 105."""
BALLOTS_ARCHIVED_PER_BLOCK_MAX = 5_000
"""Ballots of old votes that leave state in one block; they stay in the log of their count."""
ROLL_CHANGES_PER_BATCH_MAX = 256
"""Members that come or go in one block; what is left of a batch waits for the next."""
COUNT_ITEMS_CLEARED_PER_BLOCK_MAX = 256
"""Chunks of papers and rows of a count that are forgotten in one block."""
DEADLINES_PER_BLOCK_MAX = 256
"""Windows started and deadlines met in one block; what is left waits for the next."""
BALLOTS_COUNTED_PER_BLOCK_MAX = 10_000
"""Ballots read in one block to close votes; a longer count goes on in the next."""
COUNT_CANDIDATES_MAX = 64
"""Candidates, items or seats of one vote."""
COUNT_PAPERS_MAX = 1_000_000_000
"""Papers in one count: sums of 10^-5 votes stay within 64 bits, lanes within 32."""
COUNT_CHUNK_PAPERS_MAX = 256
"""Different papers in one value of a count's state: 20 KB of the longest."""
QUADRATIC_ITEMS_MIN = 3
"""Between two, a majority decides."""
QUADRATIC_CREDITS_MAX = 65_025
"""255 votes for one item, which is what a byte holds."""
QUADRATIC_POOL_MAX = 1_000_000_000_000_000
"""In the smallest unit of money."""
UPGRADE_NOTICE_BLOCKS_MIN = 10
"""How far ahead a change of the rules is scheduled at least."""
UPGRADE_NOTICE_BLOCKS_MAX = 100_000_000
MONEY_MINOR_MAX = 10**15
"""One amount of money in minor units: ten million millions of a currency with cents."""
BALANCE_MINOR_MAX = 10**17
"""What may be debited to, or credited to, one account of the books in all."""
WEIGHT_TOTAL_MAX = 10**15
"""Weights by which one pool is shared, all together."""
SHARES_PER_CHUNK_MAX = 10_000
"""Members whose shares are computed at once; a longer list goes on from there."""
BOOK_ACCOUNTS_MAX = 128
"""Accounts in a cooperative's books; closing a period reads all of them."""
BOOK_ACCOUNTS_PER_TX_MAX = 32
ENTRIES_PER_TX_MAX = 32
ENTRY_LEGS_MAX = 32
COMMITMENTS_PER_TX_MAX = 64
"""Commitments to weights in one transaction; a proof takes about a millisecond."""
COMMITMENTS_MIN = 8
"""With fewer, the sum would say too much of each; empty slots fill up what lacks."""
COMMITMENTS_MAX = 1_000_000
"""Commitments to weights in one pool of one period."""
POINTS_MAX = 1_000
"""Points of one metric that count for one member and period, at most."""
KUDOS_PER_MEMBER_MAX = 100
"""The most thanks that a policy may let one member give in a period."""
USES_MAX = 10**7
"""Uses of insights that one report may count for one agreement and quarter."""
PRICE_MINOR_MAX = 10**6
"""Price of one use. With the most uses, reports and cooperatives all nets stay in 64 bits."""
USAGE_REPORTS_MAX = 128
"""Agreements whose usage one cooperative may be the first to report in one quarter and
currency: one as user and one as provider with each other member. A netting reads all."""
NETTING_COOPERATIVES_MAX = 256
"""Cooperatives in one netting: what a value in state can hold."""
SETTLEMENT_ITEMS_MAX = 256
"""Open agreements, disputes or cases that an event of a parting cooperative names, of each."""
NETWORK_NAME_MAX = 32
"""Characters of a network's name, `[a-z0-9-]`, as in `did:rochdale:<network>:…`."""

# The state's tree and what is kept of its past.
STATE_PAGE_LEAVES_MAX = 64
"""Leaves in one page of the tree; with more it is split, so that a change stays cheap."""
STATE_PAGE_LEAVES_MERGED = 32
"""A split page with as many leaves or fewer becomes whole again."""
STATE_CACHE_BYTES_MAX = 16_777_216
"""Committed values that are kept in memory because they were read."""
STATE_PAGES_BYTES_MAX = 83_886_080
"""Pages of the tree that are kept in memory; a million keys have 80 MB of them."""
STATE_UNDO_HEIGHTS = 256
"""How many blocks `rochdale ledger rollback` can go back."""
STATE_VIEW_HEIGHTS = 4
"""How many earlier states can be asked for with proof, if they are not too large."""
STATE_VIEW_KEYS_MAX = 20_000
"""Changed keys of which earlier states are kept in memory, all together."""
STATE_PROOF_BYTES_MAX = 196_608
"""A proof of absence between two of the longest values, at the greatest depth."""

# Checking what the ledger says without trusting who says it.
TRUSTING_DAYS = 90
"""How long a known header may be followed to other ones: then its validators' keys may be
in other hands. Counted from its time."""
TRUSTING_DAYS_MAX = 365
"""The most that a trust bundle may ask for."""
TRUST_BUNDLE_BYTES_MAX = 65_536
VALIDATOR_POWER_MAX = 1 << 40
"""Sums of the most validators' power stay exact in every language's numbers."""
BRIDGE_BLOCKS_MAX = 32
"""Light blocks by which a receipt leads from older validators to its own."""
LIST_PAGE_ENTRIES_MAX = 256
"""Entries in one page of a list."""
LIST_ENTRY_BYTES_MAX = 1_024
"""One entry of a list; the longest is a sealed account of sixteen keys, about 660 bytes."""
RECEIPT_BYTES_MAX = 1_048_576
"""A receipt's file; a bridge of 32 blocks with 64 validators takes about 700 KiB of it."""

# Documents that come from outside.
JSON_BYTES_MAX = 262_144
JSON_DEPTH_MAX = 32
INSIGHT_BYTES_MAX = 65_536
RECORD_BYTES_MAX = 4_096
"""A cooperative record, as a compact JWS."""
RECORD_LIFETIME_S_MAX = 259_200
"""72 hours between a record's `iat` and `exp`."""
CLOCK_SKEW_S_MAX = 300
PROOFS_MAX = 8
"""Proofs on one document."""
APPLICATION_BYTES_MAX = 4_096
"""A membership application, as a compact JWS."""
APPLICATION_AGE_S_MAX = 600
GIVEN_TOML_BYTES_MAX = 65_536
"""Bylaws, or a scenario of the simulator."""
GIVEN_FILE_BYTES_MAX = 67_108_864
"""Any other file that is named on the command line: ballots, requests, receipts."""
BLT_NAME_CHARS_MAX = 200
"""A candidate's name, or the title, in such a file."""
LOT_BYTES_MAX = 65_536
"""A file with the names of candidates in the order of a lot."""

URL_CHARACTERS_MAX = 2_048

# Credentials and presentations.
SD_JWT_BYTES_MAX = 65_536
"""A credential or presentation with its disclosures."""
DISCLOSURES_MAX = 256
"""Claims of one credential that can be shown one by one."""
DISCLOSURE_DEPTH_MAX = 16
"""Nesting of claims with all their disclosures put in."""
INNER_CREDENTIALS_MAX = 8
"""Credentials in one presentation."""
STATUS_LIST_ENTRIES = 131_072
"""Bits of a status list, at least: who asks for it hides among so many (W3C, §6.1)."""
STATUS_LIST_ENTRIES_MAX = 8_388_608
"""Bits that a foreign status list unpacks to, at most: 1 MiB."""
STATUS_LIST_TEXT_MAX = 200_000
"""Characters of a packed status list; our own, half set, has 24,000."""
CREDENTIAL_DAYS = 180
"""How long a credential holds that the cooperative issues."""
STATUS_LIST_VALID_S = 900
"""How long a reader may rely on a status list of ours: the longest that a revocation takes."""
STATUS_LIST_FRESH_S = 60
"""How long caches may keep one."""
RDF_DEADLINE_S = 5
"""Canonicalizing one document; a large honest one takes a second on a loaded machine."""
RDF_MEMORY_BYTES_MAX = 536_870_912
RDF_WORKERS_MAX = 2
RDF_PROOFS_PER_CHECK_MAX = 4
"""Proofs of RDF that are looked at in one credential or presentation."""

# HTTP, inbound.
HTTP_BODY_BYTES_MAX = 262_144
HTTP_BODY_DEADLINE_S = 10
HTTP_HEADERS_BYTES_MAX = 8_190
SIGNATURE_AGE_S_MAX = 300
PAGE_ITEMS_MAX = 100

# HTTP, outbound.
FETCH_BYTES_MAX = 1_048_576
FETCH_CONNECT_TIMEOUT_S = 5
FETCH_TIMEOUT_S = 10
FETCH_REDIRECTS_MAX = 3

# Deliveries to partners.
DELIVERY_BACKOFF_S_MIN = 60
DELIVERY_BACKOFF_S_MAX = 43_200
"""Twelve hours; also the longest `Retry-After` that is honoured."""
DELIVERY_HELD_S_MAX = 1_209_600
"""Fourteen days of failures; then the partner is left to catch up by itself."""

# Sockets between a node's own processes.
FRAME_BYTES_MAX = 16_777_216
"""One message between engine and ledger: a block with what the engine adds."""
HALT_S = 5
"""How long a ledger that may not execute the next block goes on serving the last one."""
ABCI_WAITING_BYTES_MAX = 33_554_432
"""Requests of the engine that wait for the ledger; beyond, it is not read from."""
DISCOVERY_FRAME_BYTES_MAX = 524_288
"""One message to or from the discovery process: a directory of the most cooperatives."""
SOCKET_PATH_BYTES_MAX = 100
"""Linux allows 107; the engine adds a suffix of its own."""
ENGINE_ANSWER_BYTES_MAX = 33_554_432
"""One answer of the engine's RPC: a full block with the events of its transactions."""
COMMIT_WAIT_S = 30
"""How long our commands wait for a block before they say that none came."""
ENGINE_TIMEOUT_S = 10
"""One call of the engine's RPC; the engine itself gives up after as long."""
EVIDENCE_BLOCKS_MAX = 100_000
"""Age in blocks up to which the engine takes evidence, even if it is older than two days."""
PRUNED_AT_ONCE_BLOCKS_MAX = 2_000
"""Old blocks that the engine drops at one commit."""
KEEP_DAYS_MIN = TRUSTING_DAYS + 1
"""Blocks that light clients may still begin from are not dropped."""

# Signing again, after a validator's home was restored or copied.
RESUME_QUIET_BLOCKS = 10
"""Newest blocks that must be without a signature of this validator's key."""
RESUME_MARGIN_BLOCKS = 10
"""Blocks above the newest that it then leaves unsigned."""

# Supervision.
STOP_TIMEOUT_S = 8
"""From SIGTERM until what is left is killed; the whole stop takes at most 10 s."""
RESTART_BACKOFF_S_MIN = 0.2
RESTART_BACKOFF_S_MAX = 30.0
RESTART_HEALTHY_AFTER_S = 30.0
"""A process that lived this long starts its next back-off from the minimum."""

DISK_FREE_BYTES_MIN = 67_108_864
"""Below this on a disk of theirs ledger and engine wait: twice what LevelDB writes at once."""

# Aggregates of members' records, and the insights made of them.
CELL_PEOPLE_MIN = 50
"""A released cell's noised count is never lower; receivers refuse one that is."""
EPSILON_MILLIONTHS_MIN = 100_000
"""ε of one release: below 0.1 a count of fifty is all noise."""
EPSILON_BUDGET_MILLIONTHS_MAX = 1_000_000
"""ε of all releases about one person's records in one budget period: 1.0."""
RECORDS_BYTES_MAX = 16_777_216
RECORDS_ROWS_MAX = 100_000
AGGREGATE_REQUEST_BYTES_MAX = 4_194_304
"""Most of it record keys, one for each person who permits it."""
AGGREGATE_RESULT_BYTES_MAX = 65_536
AGGREGATE_DEADLINE_S = 30
AGGREGATE_MEMORY_BYTES_MAX = 536_870_912

# Payment files for banks.
PAYMENTS_PER_FILE_MAX = 10_000
PAYMENT_LIST_BYTES_MAX = 4_194_304
"""A list of payments as text."""
PAYMENT_MINOR_MAX = 99_999_999_999
"""The most that SEPA transfers at once: 999,999,999.99 EUR."""

# The web process.
DATABASE_BUSY_TIMEOUT_S = 5
"""How long one process waits while another writes to the same SQLite file."""
APPLICATIONS_PENDING_MAX = 10_000
LEDGER_CALLS_MAX = 32
"""Questions to the engine that are in work for others; further ones are asked to come back."""
LEDGER_CALL_BYTES_MAX = 4_096
INBOX_REQUESTS_MAX = 64
"""Inbox requests in work at a time; further ones are asked to come back."""
DELIVERIES_IN_FLIGHT_MAX = 128
INSIGHTS_PENDING_PER_PARTNER_MAX = 100
"""Insights of one partner that wait for this node's own ledger to catch up."""
CATCH_UP_PAGES_MAX = 20
"""Outbox pages that are fetched from one partner in one go."""
TEXT_BYTES_MAX = 65_536
"""A proposal's text, UTF-8."""

# Login.
LOGIN_STATEMENT_BYTES_MAX = 4_096
"""A wallet's signed answer to a login challenge."""
LOGIN_STATEMENT_AGE_S_MAX = 120
LOGIN_REQUEST_S = 600
"""How long a person may take from the pushed request to their agreement."""
LOGIN_REQUESTS_MAX = 20_000
"""Logins that are under way."""
LOGIN_TRIES_MAX = 5
"""Wrong codes from another device, or wrong transaction codes, that end an attempt."""
LOGIN_STARTS_PER_MINUTE = 600
"""Requests of one address that begin something at the authorization server."""
LOGIN_PROOFS_PER_MINUTE = 30
"""Proofs that one DID may show."""
RATE_LIMIT_KEYS_MAX = 20_000
AUTHORIZATION_CODE_S = 60
ACCESS_TOKEN_S = 300
REFRESH_TOKEN_S = 2_592_000
"""A refresh token that is not used for 30 days ends."""
GRANT_S = 15_552_000
"""An application's access ends after 180 days, however often it is refreshed."""
GRANTS_PER_HOLDER_MAX = 100
CLIENTS_MAX = 10_000
LOGIN_EVENTS_PER_HOLDER_MAX = 1_000
"""Entries of a holder's own audit trail; the oldest make room."""
DPOP_PROOF_BYTES_MAX = 4_096
DPOP_AGE_S_MAX = 60
DPOP_NONCE_S = 300
DPOP_PROOFS_REMEMBERED_MAX = 200_000
OAUTH_FORM_BYTES_MAX = 32_768
"""A request to the authorization server, a presented credential included."""

# The register of people.
REGISTRARS_MAX = 5
"""Any two of them open a link; each pair costs a box in a box."""
SEALED_BYTES_MAX = 65_536
"""Boxes of all pairs, or one request to open a link."""
HOLDERS_MAX = 1_000_000
HOLDER_DIDS_MAX = 8
"""DIDs that one person may log in with."""
DID_CHARACTERS_MAX = 2_048
SIGN_UP_BYTES_MAX = 8_192
"""A signed statement to the register."""
SIGN_UP_AGE_S_MAX = 600
SIGN_UPS_PER_MINUTE = 60
"""Statements to the register that one address may send."""
INVITATIONS_MAX = 10_000
"""Invitations that nobody has used yet."""
REBINDING_DELAY_MS = 604_800_000
"""How long a new login DID that the registrars gave waits for an objection: seven days."""
REBINDING_DELAY_TEST_MS = 2_000
"""The same on test chains."""
REGISTER_REASON_CHARACTERS_MAX = 200
REGISTER_ENTRIES_SHOWN_MAX = 1_000
"""Log entries in one answer, the newest."""
PRESENTATION_REQUEST_S = 300
"""How long a signed request for a credential may be answered."""
LOGIN_KEYS_PER_HOLDER_MAX = 32
"""Wallet keys that a holder's credentials were bound to."""
CREDENTIAL_OFFER_S = 600
"""How long an offer of a credential may be taken up."""
CREDENTIAL_OFFERS_MAX = 10_000
CREDENTIAL_REQUEST_BYTES_MAX = 16_384
