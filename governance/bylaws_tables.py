"""The tables of a bylaws file: every setting, its bounds in the charter and what it means.

Bounds are the floors that no cooperative may go below, and what the rules can bear. The unit
ends each name: basis points (`_bps`), seconds (`_s`). A test compares the JSON Schema that
follows from them with the one that is shipped.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Final, NamedTuple, get_args, get_type_hints

from msgspec import Meta

from config.limits import KUDOS_PER_MEMBER_MAX, MONEY_MINOR_MAX, POINTS_MAX
from did.codec import Record

_DAY_S: Final = 86_400
_WHOLE: Final = 10_000
_NAME_SHOWN_MAX: Final = 60
_QUORUM_LEAST: Final = 3_000
"""Specification §4.1.1: a quorum of 30 % of the roll, at the first call of every kind."""


LEGAL_RESERVE_BPS_MIN: Final = 1_500
"""Regulation (EC) 1435/2003 art. 65(2): at least 15 % of the surplus."""
CAPITAL_MINOR_MIN: Final = 3_000_000
"""Art. 3(2): 30,000 EUR. Until the reserve has reached it, art. 65(2) feeds the reserve."""
ENDOWMENT_SPEND_BPS_MAX: Final = 1_000
METRIC_PERMILLE_TOTAL: Final = 1_000
DATA_BANDS: Final = 2
"""Data counts in bands and never by volume: whether, and whether kept."""


class Setting(NamedTuple):
    """One number of a bylaws file."""

    least: int
    greatest: int
    meaning: str


def _within(least: int, greatest: int, meaning: str) -> Meta:
    return Meta(ge=least, le=greatest, description=meaning)


def _quorum(of_what: str) -> Meta:
    return _within(_QUORUM_LEAST, _WHOLE, f"Share of the roll that must vote on {of_what}.")


def _second(of_what: str) -> Meta:
    meaning = f"The same at a second call on {of_what}; if it is not less, there is none."
    return _within(0, _WHOLE, meaning)


def _interval(days_max: int, of_what: str) -> Meta:
    return _within(7 * _DAY_S, days_max * _DAY_S, f"{of_what} Longest time until the next one.")


def _grace(days_max: int, of_what: str) -> Meta:
    return _within(_DAY_S, days_max * _DAY_S, f"How late the {of_what} may be.")


def _weight(of_what: str) -> Meta:
    return _within(0, METRIC_PERMILLE_TOTAL, f"Weight of {of_what}; all five are 1,000 together.")


def _cap(of_what: str) -> Meta:
    return _within(0, POINTS_MAX, f"Most points of {of_what} that count for a member and period.")


def _step(meaning: str) -> Meta:
    return _within(7 * _DAY_S, 60 * _DAY_S, meaning)


class Quorum(Record, frozen=True, kw_only=True):
    """Who must vote, abstentions included, for an outcome to bind."""

    ordinary_bps: Annotated[int, _quorum("ordinary proposals")]
    ordinary_second_bps: Annotated[int, _second("ordinary proposals")]
    constitutional_bps: Annotated[int, _quorum("bylaws, exit and ending")]
    constitutional_second_bps: Annotated[int, _second("bylaws, exit and ending")]
    insight_bps: Annotated[int, _quorum("the release of insights")]
    insight_second_bps: Annotated[int, _second("the release of insights")]
    distribution_bps: Annotated[int, _quorum("the split of a surplus")]
    distribution_second_bps: Annotated[int, _second("the split of a surplus")]
    election_bps: Annotated[int, _quorum("elections and recalls")]
    election_second_bps: Annotated[int, _second("elections and recalls")]


class Majority(Record, frozen=True, kw_only=True):
    """Who must say yes, so that abstentions do not let a handful decide."""

    yes_of_roll_bps: Annotated[
        int, _within(300, 5_000, "Share of the roll that must say yes to a proposal.")
    ]
    constitutional_yes_of_roll_bps: Annotated[
        int, _within(500, 6_667, "The same for bylaws, exit and ending.")
    ]


class Stages(Record, frozen=True, kw_only=True):
    """How long each stage of a proposal lasts."""

    # Specification §4.2.1: at least seven days of discussion.
    discussion_s: Annotated[int, _within(7 * _DAY_S, 90 * _DAY_S, "Discussion of a proposal.")]
    voting_s: Annotated[int, _within(3 * _DAY_S, 90 * _DAY_S, "Voting on a proposal.")]
    insight_discussion_s: Annotated[
        int, _within(7 * _DAY_S, 90 * _DAY_S, "Discussion of an insight's release.")
    ]
    insight_voting_s: Annotated[
        int, _within(3 * _DAY_S, 90 * _DAY_S, "Voting on an insight's release.")
    ]
    nomination_s: Annotated[
        int, _within(7 * _DAY_S, 90 * _DAY_S, "Until when candidates come forward.")
    ]
    reveal_s: Annotated[
        int, _within(_DAY_S, 14 * _DAY_S, "Until when candidates reveal their salts for lots.")
    ]
    review_s: Annotated[
        int, _within(_DAY_S, 30 * _DAY_S, "Working groups' review, where any group sits.")
    ]
    recommendation_s: Annotated[
        int, _within(_DAY_S, 14 * _DAY_S, "The committee's recommendation, where it sits.")
    ]
    second_call_s: Annotated[
        int, _within(_DAY_S, 60 * _DAY_S, "From a vote without quorum to the second call.")
    ]


class ProposalLimits(Record, frozen=True, kw_only=True):
    """How many proposals and amendments."""

    open_per_member_max: Annotated[int, _within(1, 64, "Open proposals of one member.")]
    amendments_max: Annotated[int, _within(0, 8, "Amendments of one proposal.")]


class Veto(Record, frozen=True, kw_only=True):
    """How the privacy group stops data uses."""

    window_s: Annotated[
        int, _within(7 * _DAY_S, 14 * _DAY_S, "From a data use's acceptance until it begins.")
    ]


class Emergency(Record, frozen=True, kw_only=True):
    """How members decide on emergency acts."""

    voting_s: Annotated[
        int, _within(3 * _DAY_S, 14 * _DAY_S, "Voting on an emergency act, which begins at once.")
    ]


class Bodies(Record, frozen=True, kw_only=True):
    """How many sit in elected bodies, and for how long."""

    # Specification §4.1.2: seven to eleven, for two years.
    committee_seats: Annotated[int, _within(7, 11, "Seats of the committee.")]
    committee_term_s: Annotated[
        int, _within(365 * _DAY_S, 731 * _DAY_S, "Term of the committee's seats.")
    ]
    working_group_seats: Annotated[int, _within(3, 11, "Seats of each working group.")]
    panel_seats: Annotated[
        int, _within(2, 7, "Mediators, and seats of ethics panel, auditors and hardship panel.")
    ]
    other_term_s: Annotated[int, _within(365 * _DAY_S, 1_096 * _DAY_S, "Term of all other seats.")]


class Recall(Record, frozen=True, kw_only=True):
    """How members recall who they have elected."""

    petition_bps: Annotated[
        int, _within(100, 1_000, "Share of the roll whose signatures bring a recall to a vote.")
    ]
    petition_s: Annotated[
        int, _within(30 * _DAY_S, 180 * _DAY_S, "How long signatures are collected.")
    ]
    grace_s: Annotated[
        int, _within(0, 90 * _DAY_S, "From taking a seat until a petition may begin.")
    ]


class RollRules(Record, frozen=True, kw_only=True):
    """How people come onto the roll and leave it."""

    challenge_s: Annotated[
        int, _within(7 * _DAY_S, 60 * _DAY_S, "Until when members may object to an admission.")
    ]
    appeal_s: Annotated[
        int, _within(14 * _DAY_S, 90 * _DAY_S, "Until when who is to be excluded may appeal.")
    ]
    batch_s: Annotated[
        int, _within(3_600, 31 * _DAY_S, "Changes of the roll land together, so often.")
    ]
    period_s: Annotated[int, _within(30 * _DAY_S, 366 * _DAY_S, "In which growth is measured.")]
    growth_bps: Annotated[
        int, _within(0, 5_000, "Most by which the roll grows in a period without an audit.")
    ]


class QuadraticVoting(Record, frozen=True, kw_only=True):
    """Budgets and priorities by quadratic voting."""

    credits: Annotated[int, _within(9, 10_000, "What each member may spend in one vote.")]


class Duties(Record, frozen=True, kw_only=True):
    """How often bodies owe what, and how late it may be."""

    # Specification §4.1.1, §4.1.2, §4.4.1: monthly, quarterly, yearly, and no less often.
    report_s: Annotated[int, _interval(31, "The committee's report.")]
    report_grace_s: Annotated[int, _grace(14, "report")]
    assembly_s: Annotated[int, _interval(92, "The assembly of members.")]
    assembly_grace_s: Annotated[int, _grace(31, "assembly")]
    impact_report_s: Annotated[int, _interval(92, "The report of what members' data brought.")]
    impact_report_grace_s: Annotated[int, _grace(31, "impact report")]
    notice_s: Annotated[int, _interval(92, "The notice to all members of what is going on.")]
    notice_grace_s: Annotated[int, _grace(31, "notice")]
    external_audit_s: Annotated[int, _interval(366, "The audit by somebody from outside.")]
    external_audit_grace_s: Annotated[int, _grace(92, "external audit")]
    governance_audit_s: Annotated[int, _interval(366, "The audit of roll and decisions.")]
    governance_audit_grace_s: Annotated[int, _grace(92, "governance audit")]
    algorithm_audit_s: Annotated[int, _interval(366, "The audit of what programs do with data.")]
    algorithm_audit_grace_s: Annotated[int, _grace(92, "algorithm audit")]


class Complaints(Record, frozen=True, kw_only=True):
    """How long each step of a complaint lasts before the complainant may go on."""

    ombudsperson_s: Annotated[int, _step("The ombudsperson's time for an answer.")]
    mediation_s: Annotated[int, _step("The mediators' time for an answer.")]
    ethics_panel_s: Annotated[int, _step("The ethics panel's time for an answer.")]
    arbitration_s: Annotated[
        int, _within(30 * _DAY_S, 731 * _DAY_S, "Until when an award is awaited.")
    ]
    escalation_s: Annotated[
        int,
        _within(7 * _DAY_S, 30 * _DAY_S, "How long the complainant may go on before the rules do."),
    ]
    open_per_member_max: Annotated[int, _within(1, 16, "Open complaints of one member.")]


class Reserve(Record, frozen=True, kw_only=True):
    """What a surplus feeds before anybody divides it."""

    legal_bps: Annotated[
        int, _within(LEGAL_RESERVE_BPS_MIN, _WHOLE, "Of a surplus, until the reserve is full.")
    ]
    minimum_capital_minor: Annotated[
        int, _within(CAPITAL_MINOR_MIN, MONEY_MINOR_MAX, "When it is full, in minor units.")
    ]


class Value(Record, frozen=True, kw_only=True):
    """How a surplus may be shared; how it is, members vote on for each period."""

    dividend_max_bps: Annotated[
        int, _within(0, _WHOLE, "Most of a period's distributable surplus that reaches members.")
    ]
    endowment_spend_bps: Annotated[
        int, _within(0, ENDOWMENT_SPEND_BPS_MAX, "Of the endowment, to the commons at each close.")
    ]
    data_permille: Annotated[int, _weight("data that is there for studies")]
    participation_permille: Annotated[int, _weight("votes and assemblies")]
    working_groups_permille: Annotated[int, _weight("work in working groups and committee")]
    education_permille: Annotated[int, _weight("teaching and outreach")]
    mutual_help_permille: Annotated[int, _weight("members' thanks")]
    data_cap: Annotated[int, _within(0, DATA_BANDS, "Highest band of data that counts.")]
    participation_cap: Annotated[int, _cap("votes and assemblies")]
    working_groups_cap: Annotated[int, _cap("work in working groups and committee")]
    education_cap: Annotated[int, _cap("teaching and outreach")]
    mutual_help_cap: Annotated[int, _cap("members' thanks")]
    kudos_per_member_max: Annotated[
        int, _within(0, KUDOS_PER_MEMBER_MAX, "Members whom one member may thank in a period.")
    ]


@cache
def list_tables(bylaws: type[Record]) -> Mapping[str, type[Record]]:
    """The tables of a bylaws record, in the order of encoding."""
    hints = get_type_hints(bylaws)
    return {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and issubclass(hint, Record)
    }


def show_name(name: str) -> str:
    """A name as a file has it, fit to be said: short, and without what a terminal obeys."""
    short = name if len(name) <= _NAME_SHOWN_MAX else f"{name[:_NAME_SHOWN_MAX]}…"
    return short if short.isprintable() else ascii(short)


@cache
def list_settings(table: type[Record]) -> Mapping[str, Setting]:
    """The settings of a table, in the order of encoding."""
    hints = get_type_hints(table, include_extras=True)
    settings = {}
    for name in table.__struct_fields__:
        meta = get_args(hints[name])[1]
        settings[name] = Setting(meta.ge, meta.le, meta.description)
    return settings
