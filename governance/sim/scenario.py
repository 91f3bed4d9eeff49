"""Scenarios: which members a simulation has, and what happens to them.

Written as a TOML file of whole numbers (`config/scenarios/`); what it leaves out is as the
table says. Reading the file is the caller's matter.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

from msgspec import Meta

from config.errors import RefusedError
from did.codec import Record
from governance.bylaws_tables import Setting, list_settings, list_tables, show_name

SCENARIO_VERSION: Final = 1
_WHOLE: Final = 10_000
_TEXT_CHARACTERS_MAX: Final = 200
_BALLOTS_MAX: Final = 20_000_000


class ScenarioError(RefusedError):
    """A scenario is malformed or out of bounds; names the field, and what would be right."""


def _within(least: int, greatest: int, meaning: str) -> Meta:
    return Meta(ge=least, le=greatest, description=meaning)


def _share(meaning: str) -> Meta:
    return _within(0, _WHOLE, meaning)


class Members(Record, frozen=True, kw_only=True):
    """Who is on the roll, and how many of them vote."""

    count: Annotated[int, _within(10, 100_000, "Members at the beginning.")] = 200
    turnout_bps: Annotated[int, _share("Members who vote on a proposal, of those who ever do.")] = (
        4_000
    )
    turnout_spread_bps: Annotated[
        int, _within(0, 5_000, "How far above or below that one proposal may be.")
    ] = 1_000
    apathy_bps: Annotated[int, _share("Members at the beginning who never vote.")] = 0
    second_call_bps: Annotated[
        int, _share("Who answer a second call, of those who did not answer the first.")
    ] = 1_500
    abstain_bps: Annotated[int, _share("Voters who abstain.")] = 500
    joining_per_year: Annotated[int, _within(0, 10_000, "People who come each year.")] = 0


class Proposals(Record, frozen=True, kw_only=True):
    """What is put before members."""

    per_year: Annotated[int, _within(0, 200, "Proposals a year, elections apart.")] = 12
    support_bps: Annotated[int, _share("Voters who are for the average proposal.")] = 5_500
    support_spread_bps: Annotated[
        int, _within(0, 5_000, "How far above or below that one proposal may be.")
    ] = 2_500
    constitutional_bps: Annotated[
        int, _share("Proposals to change what the cooperative rests on.")
    ] = 1_000
    data_use_bps: Annotated[int, _share("Proposals to let somebody use data.")] = 1_000


class Elections(Record, frozen=True, kw_only=True):
    """Who stands for seats."""

    per_year: Annotated[int, _within(0, 1, "1 if there is an election each year, 0 if none.")] = 1
    candidates: Annotated[int, _within(1, 40, "Who stand for each body, the bloc apart.")] = 10
    ranked_max: Annotated[int, _within(1, 40, "Candidates that a voter names.")] = 6
    working_groups: Annotated[
        int, _within(0, 1, "1 if working groups are elected beside the committee, 0 if not.")
    ] = 0


class Bloc(Record, frozen=True, kw_only=True):
    """Members who act together to capture the cooperative."""

    share_bps: Annotated[int, _share("Members at the beginning who belong to it.")] = 0
    turnout_bps: Annotated[int, _share("How many of them vote where it takes a side.")] = 9_500
    own_bps: Annotated[int, _share("Proposals that are its own.")] = 0
    own_support_bps: Annotated[int, _share("Other voters who are for its proposals.")] = 3_000
    contests_bps: Annotated[
        int, _share("Other proposals on which it votes against the majority.")
    ] = 0
    candidates: Annotated[int, _within(0, 20, "Who stand for each body on its behalf.")] = 0


class Sybils(Record, frozen=True, kw_only=True):
    """Made-up members, who vote as the bloc wants."""

    per_year: Annotated[int, _within(0, 10_000, "Who apply each year.")] = 0
    caught_bps: Annotated[int, _share("Of them, to whose admission a member objects.")] = 5_000
    turnout_bps: Annotated[int, _share("How many vote where the bloc takes a side.")] = _WHOLE


class BodyHabits(Record, frozen=True, kw_only=True):
    """What elected bodies do about proposals."""

    silence_bps: Annotated[int, _share("Requests that a body leaves unanswered.")] = 2_000
    influence_bps: Annotated[
        int, _within(0, 5_000, "Voters whom the committee's recommendation moves.")
    ] = 500


class ChainHabits(Record, frozen=True, kw_only=True):
    """When the ledger stands still."""

    stalls_per_year: Annotated[int, _within(0, 50, "How often.")] = 0
    stall_hours: Annotated[int, _within(1, 720, "For how long each time.")] = 12


class Dividends(Record, frozen=True, kw_only=True):
    """What is shared out once a year, if members accept it."""

    surplus_minor: Annotated[
        int, _within(0, 10**12, "A year's surplus, in the smallest unit of the currency.")
    ] = 0
    needy_bps: Annotated[int, _share("Members whose need is recognised.")] = 1_000


class Recalls(Record, frozen=True, kw_only=True):
    """Petitions of members against officers of the committee."""

    per_year: Annotated[int, _within(0, 12, "Petitions each year, each against one officer.")] = 0
    signing_bps: Annotated[int, _share("Members who sign one, the bloc apart.")] = 1_500
    support_bps: Annotated[int, _share("Voters who are for the average recall.")] = 5_000


class Vetoes(Record, frozen=True, kw_only=True):
    """What the privacy group stops, and what members say to that."""

    share_bps: Annotated[int, _share("Accepted data uses that the privacy group stops.")] = 0
    override_bps: Annotated[int, _share("Vetoes that a member asks all to override.")] = 5_000
    override_support_bps: Annotated[int, _share("Voters who are for the average override.")] = 6_000


class Departures(Record, frozen=True, kw_only=True):
    """Who leaves the roll, of their own will or against it, and who comes back."""

    leaving_per_year: Annotated[int, _within(0, 10_000, "Members who leave each year.")] = 0
    returning_bps: Annotated[int, _share("Of them, who apply again a year later.")] = 0
    exclusions_per_year: Annotated[
        int, _within(0, 12, "Members each year whom the committee wants to exclude.")
    ] = 0
    appealing_bps: Annotated[int, _share("Of them, who appeal to all members.")] = 5_000
    exclusion_support_bps: Annotated[
        int, _share("Voters who are for the average exclusion on appeal.")
    ] = 5_000


class Budgets(Record, frozen=True, kw_only=True):
    """Pools that members share among items by quadratic voting."""

    per_year: Annotated[int, _within(0, 4, "How often a year.")] = 0
    items: Annotated[int, _within(3, 20, "Items that share one.")] = 5
    pool_minor: Annotated[
        int, _within(0, 10**12, "What each shares, in the smallest unit of the currency.")
    ] = 1_000_000


class Emergencies(Record, frozen=True, kw_only=True):
    """What the committee does at once, until members have voted on it."""

    per_year: Annotated[int, _within(0, 12, "Data uses each year that the committee pauses.")] = 0
    support_bps: Annotated[int, _share("Voters who are for the average pause.")] = 6_000


class Scenario(Record, frozen=True, kw_only=True):
    """A checked scenario."""

    title: str
    seed: str
    """All chance follows from it."""
    years: int
    members: Members
    proposals: Proposals
    elections: Elections
    bloc: Bloc
    sybils: Sybils
    bodies: BodyHabits
    chain: ChainHabits
    dividends: Dividends
    recalls: Recalls
    vetoes: Vetoes
    departures: Departures
    budgets: Budgets
    emergencies: Emergencies


_YEARS = Setting(1, 30, "How many years are simulated.")


def parse_scenario(document: Mapping[str, object]) -> Scenario:
    """Read a scenario from a parsed TOML file.

    Args:
        document: `version`, `title`, `seed`, `years`, and tables of whole numbers.

    Raises:
        ScenarioError: Malformed or out of bounds; names the field and what would be right.
    """
    rest = dict(document)
    version = rest.pop("version", None)
    if type(version) is not int or version != SCENARIO_VERSION:
        raise ScenarioError(f"scenario: version must be {SCENARIO_VERSION}")
    tables = list_tables(Scenario)
    _check_known("", rest, ("title", "seed", "years", *tables))
    if "years" not in rest:
        raise ScenarioError("scenario: years is missing: say how many, 1 to 30")
    _check_number("years", rest["years"], _YEARS)
    records = {name: _parse_table(name, kind, rest.get(name, {})) for name, kind in tables.items()}
    scenario = Scenario(
        title=_read_text(rest, "title"),
        seed=_read_text(rest, "seed"),
        years=cast("int", rest["years"]),
        **cast("Any", records),
    )
    _check_together(scenario)
    return scenario


def _check_together(scenario: Scenario) -> None:
    members, bloc, proposals = scenario.members, scenario.bloc, scenario.proposals
    if members.apathy_bps + bloc.share_bps > _WHOLE:
        raise ScenarioError(
            "scenario: members.apathy_bps and bloc.share_bps are at most 10000 together: they "
            "are shares of the same members"
        )
    if proposals.constitutional_bps + proposals.data_use_bps > _WHOLE:
        raise ScenarioError(
            "scenario: proposals.constitutional_bps and proposals.data_use_bps are at most 10000 "
            "together: the rest is ordinary"
        )
    bloc_count = members.count * bloc.share_bps // _WHOLE
    if bloc.candidates > bloc_count:
        raise ScenarioError(
            f"scenario: bloc.candidates is {bloc.candidates}, but bloc.share_bps makes only "
            f"{bloc_count} members of it: at most as many can stand"
        )
    if 2 * scenario.elections.candidates > members.count - bloc_count:
        raise ScenarioError(
            f"scenario: elections.candidates is {scenario.elections.candidates}, but only half "
            f"of the {members.count - bloc_count} members outside the bloc ever stand"
        )
    _check_officers(scenario)
    growth = scenario.years * (members.joining_per_year + scenario.sybils.per_year)
    votes = scenario.years * (proposals.per_year + 6 * scenario.elections.per_year)
    votes += scenario.years * (scenario.recalls.per_year + scenario.emergencies.per_year)
    votes += scenario.years * (scenario.departures.exclusions_per_year + scenario.budgets.per_year)
    if (members.count + growth) * votes > _BALLOTS_MAX:
        raise ScenarioError(
            f"scenario: members.count, years and proposals.per_year make more than {_BALLOTS_MAX} "
            "possible ballots: choose smaller ones"
        )


def _check_officers(scenario: Scenario) -> None:
    """Check that those are elected who are to do something, or about whom it is."""
    elections = scenario.elections
    for name, value in (
        ("recalls.per_year", scenario.recalls.per_year),
        ("departures.exclusions_per_year", scenario.departures.exclusions_per_year),
        ("emergencies.per_year", scenario.emergencies.per_year),
    ):
        if value and not elections.per_year:
            raise ScenarioError(
                f"scenario: {name} is {value}, but nobody sits in a committee: set "
                "elections.per_year to 1"
            )
    if scenario.vetoes.share_bps and not (elections.per_year and elections.working_groups):
        raise ScenarioError(
            f"scenario: vetoes.share_bps is {scenario.vetoes.share_bps}, but nobody sits in a "
            "privacy group: set elections.per_year and elections.working_groups to 1"
        )


def _parse_table(name: str, kind: type[Record], table: object) -> Record:
    if not isinstance(table, Mapping):
        raise ScenarioError(f"scenario: {name} must be a table of whole numbers")
    settings = list_settings(kind)
    _check_known(f"{name}.", table, tuple(settings))
    for key, value in table.items():
        _check_number(f"{name}.{key}", value, settings[key])
    return kind(**table)


def _check_known(where: str, found: Mapping[str, object], known: tuple[str, ...]) -> None:
    for name in sorted(set(found) - set(known)):
        raise ScenarioError(
            f"scenario: unknown setting {where}{show_name(name)}: there are {', '.join(known)}"
        )


def _check_number(name: str, value: object, setting: Setting) -> None:
    if type(value) is not int or not setting.least <= value <= setting.greatest:
        raise ScenarioError(
            f"scenario: {name} must be a whole number from {setting.least} to "
            f"{setting.greatest}: {setting.meaning}"
        )


def _read_text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    is_text = isinstance(value, str) and 1 <= len(value) <= _TEXT_CHARACTERS_MAX
    if not isinstance(value, str) or not is_text or not value.isprintable():
        raise ScenarioError(
            f"scenario: {name} must be text of 1 to {_TEXT_CHARACTERS_MAX} characters, all of "
            "which can be printed"
        )
    return value
