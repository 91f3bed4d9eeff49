"""The federation's charter in numbers: windows and thresholds that no cooperative sets alone.

Bylaws are each cooperative's own; these hold for all of them. Durations are in seconds of
block time and are divided on test chains (`governance.bylaws.compute_window_ms`). Changing
one is a change of the rules.
"""

from typing import Final

from governance.bylaws import compute_window_ms

_DAY_S: Final = 86_400

FEDERAL_WINDOW_S: Final = 30 * _DAY_S
"""How long a motion of the federation waits for approvals before it lapses."""
CHARTER_WINDOW_S: Final = 180 * _DAY_S
"""How long a change of the charter waits: assemblies decide on it, and each takes its time."""
OPT_OUT_S: Final = 90 * _DAY_S
"""From the adoption of a change of the charter until it binds who has said nothing."""
DISPUTE_STEP_S: Final = 30 * _DAY_S
"""How long each step of a dispute lasts before a party may go on to the next."""
DISPUTE_WAIT_S: Final = 30 * _DAY_S
"""How long parties may go on before the rules do, or before a decision stands."""
AWARD_S: Final = 183 * _DAY_S
"""How long an arbitrator's award on a dispute is awaited."""
NOTICE_S: Final = 30 * _DAY_S
"""From a cooperative's notice until it has left."""
GUEST_WINDOW_S: Final = 30 * _DAY_S
"""How long the node of a cooperative that is not a member yet may connect."""
PARTING_WINDOW_S: Final = _DAY_S
"""How long a node may still connect after its cooperative gave it up or left: its validator
signs for one more block."""
SILENCE_BUCKET_S: Final = 21_600
"""Silence is counted in stretches of this length, six hours: a count in state changes at most
twice in each, whatever the chain does."""
SILENCE_BUCKETS: Final = 5
"""A validator that signed nothing while the chain went on, and was missing in so many
stretches in a row, is suspended: after 18 to 24 hours."""
SILENCE_BUCKET_MS_MIN: Final = 3_000
"""Shortest stretch on a test chain: three of its longest heartbeats, so that an idle chain
with an absent validator does not count in every block."""
OUTAGE_BUCKET_S: Final = 1_200
"""Whether the chain stands still is noticed in stretches of this length, twenty minutes."""
OUTAGE_BUCKETS: Final = 3
"""More than so many stretches on: more than an hour without a block for certain, if three
stretches are twenty minutes each. A chain that is slow is none that stands still."""
OUTAGE_BUCKET_MS_MIN: Final = 20_000
"""Shortest stretch on a test chain."""
OUTAGES_KEPT: Final = 32
WINDOW_EXTENSION_MAX_S: Final = 30 * _DAY_S
"""A window is extended by so much at most: a proposal ends some day."""
FOUNDING_S: Final = 365 * _DAY_S
"""After so long provisional officers' time is over, whether there was an election or not."""
GROWTH_FREE: Final = 25
"""By so many members a roll may grow in any period, however small it is."""
COMMITTEE_LEAST: Final = 7
"""A first committee needs so many candidates; with fewer the assembly acts itself."""
ELECTION_LEAD_S: Final = 120 * _DAY_S
"""An election fills seats whose terms end within so long."""
ELECTION_SLACK_S: Final = 14 * _DAY_S
"""So much earlier than its stages take the rules submit an election before terms end."""
ELECTION_AGAIN_S: Final = 30 * _DAY_S
"""So long after an election that the rules submitted found nobody they submit it again."""
ELECTION_CALLS: Final = 3
"""After so many in a row that found nobody the rules submit no more: members meet about it."""
ARCHIVE_S: Final = 3 * 365 * _DAY_S
"""Ballots stay in state for so long after the count, longer than any term they elect to; then
in the count's log alone, whose root the decision names."""
BODY_MOTION_S: Final = 30 * _DAY_S
"""How long a motion of an elected body waits for support before it lapses."""
RECOVERY_LOCK_S: Final = 7 * _DAY_S
"""From the guardians' request until the new keys take over: time for the owner to veto."""
DUTY_MISSES: Final = 3
"""After so many in a row of one duty, members are asked whether the body that owes it goes."""
SECOND_VOTE_S: Final = 90 * _DAY_S
"""From the first vote on a cooperative's ending to the second one's discussion."""
VALIDATORS_MIN: Final = 4
"""From here on one of them may fail: fewer need every cooperative for any change, and no
silence makes a set smaller than this."""
VALIDATOR_POWER: Final = 100
"""Power of every validator; cooperatives are equal."""


def compute_approvals_needed(*, members_count: int, validators_count: int) -> int:
    """How many member cooperatives must approve a federal act.

    Args:
        members_count: Member cooperatives, validating or not; >= 1.
        validators_count: Admitted validators, suspended ones included.

    Source: DESIGN §10: below four validators every cooperative, from there on two thirds.
    """
    if validators_count < VALIDATORS_MIN:
        return members_count
    return members_count * 2 // 3 + 1


def compute_silence_bucket(time_ms: int, *, time_scale: int) -> int:
    """Number of the stretch of time in which silence is counted."""
    length_ms = compute_window_ms(SILENCE_BUCKET_S, time_scale=time_scale)
    return time_ms // max(length_ms, SILENCE_BUCKET_MS_MIN)


def may_fall_silent(*, active_count: int, admitted_count: int) -> bool:
    """Check if a silent validator may be suspended, by what would remain.

    Suspending one of five lets four go on with a fault to spare. One of four would leave
    three, of which all must sign, just as three of the four must now: nothing is won, and
    the set must not shrink in silence.

    Args:
        active_count: Validators that would remain active.
        admitted_count: All that were admitted, suspended ones included.
    """
    return active_count >= VALIDATORS_MIN and active_count * 3 > admitted_count * 2


def may_lose_for_evidence(*, active_count: int, admitted_count: int) -> bool:
    """Check if a validator that signed twice may be suspended, by what would remain.

    Here one of four may go: whoever is proven to sign twice endangers the chain by staying.
    """
    return active_count >= 1 and active_count * 3 > admitted_count * 2
