"""Tables of the read model, and the one query that makes proposals of them.

Another schema is another version: a file that has an older one is built anew.
"""

VERSION = 5
SCHEMA = """
CREATE TABLE chain (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    genesis_hash BLOB NOT NULL,
    begins_height INTEGER NOT NULL,
    height INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    app_hash BLOB NOT NULL
) STRICT;
CREATE TABLE members (
    account BLOB PRIMARY KEY,
    cooperative BLOB NOT NULL,
    joined_height INTEGER NOT NULL
) STRICT;
CREATE TABLE proposals (
    id BLOB PRIMARY KEY,
    cooperative BLOB NOT NULL,
    kind INTEGER NOT NULL,
    proposer BLOB NOT NULL,
    text_hash BLOB NOT NULL,
    subject BLOB NOT NULL,
    stage INTEGER NOT NULL,
    submitted_height INTEGER NOT NULL,
    submitted_ms INTEGER NOT NULL,
    review_ends_ms INTEGER NOT NULL DEFAULT 0,
    discussion_ends_ms INTEGER NOT NULL DEFAULT 0,
    recommendation_ends_ms INTEGER NOT NULL DEFAULT 0,
    nomination_ends_ms INTEGER NOT NULL DEFAULT 0,
    reveal_ends_ms INTEGER NOT NULL DEFAULT 0,
    reopens_ms INTEGER NOT NULL DEFAULT 0,
    closes_at_ms INTEGER NOT NULL DEFAULT 0,
    electorate_count INTEGER NOT NULL DEFAULT 0,
    quorum_bps INTEGER NOT NULL DEFAULT 0,
    yes_of_roll_bps INTEGER NOT NULL DEFAULT 0,
    outcome INTEGER,
    yes_count INTEGER NOT NULL DEFAULT 0,
    no_count INTEGER NOT NULL DEFAULT 0,
    abstain_count INTEGER NOT NULL DEFAULT 0,
    decision_index INTEGER,
    closed_height INTEGER,
    closed_ms INTEGER
) STRICT;
CREATE INDEX proposals_by_subject ON proposals (cooperative, subject);
CREATE INDEX proposals_by_text ON proposals (cooperative, text_hash);
CREATE TABLE insights (
    cooperative BLOB NOT NULL,
    insight BLOB NOT NULL,
    released_by BLOB NOT NULL DEFAULT x'',
    validated_by BLOB NOT NULL DEFAULT x'',
    withdrawn_by BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (insight, cooperative)
) STRICT, WITHOUT ROWID;
CREATE TABLE ballots (
    proposal BLOB NOT NULL,
    ballot BLOB NOT NULL,
    PRIMARY KEY (proposal, ballot)
) STRICT, WITHOUT ROWID;
CREATE TABLE transactions (
    height INTEGER NOT NULL,
    place INTEGER NOT NULL,
    hash BLOB NOT NULL,
    kind TEXT NOT NULL,
    account BLOB NOT NULL,
    cooperative BLOB NOT NULL,
    proposal BLOB NOT NULL,
    code INTEGER NOT NULL,
    PRIMARY KEY (height, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX transactions_by_account ON transactions (account, height, place);
CREATE INDEX transactions_by_cooperative ON transactions (cooperative, height, place);
CREATE INDEX transactions_by_proposal ON transactions (proposal, height, place);
"""
SELECT_PROPOSALS = """
SELECT *, CASE WHEN outcome IS NULL
    THEN (SELECT COUNT(*) FROM ballots WHERE proposal = proposals.id)
    ELSE yes_count + no_count + abstain_count END AS ballots_count,
    outcome IS NOT NULL OR submitted_height >= (SELECT begins_height FROM chain)
    AS are_ballots_known
FROM proposals"""
COMPUTED = ("ballots_count", "are_ballots_known")
"""Fields of a proposal that are no columns."""
