"""A simulation's result in sentences, for a committee that is to decide about bylaws."""

from typing import Any

_HOURS_PER_DAY = 24


def list_sentences(result: dict[str, Any]) -> list[str]:
    """What came out, in words.

    Args:
        result: Of `governance.sim.report.simulate` or `compare_bylaws`.
    """
    if "reports" not in result:
        return describe(result)
    first, second = result["reports"]
    return [
        *compare(result),
        f"Under {first['bylaws']}:",
        *describe(first),
        f"Under {second['bylaws']}:",
        *describe(second),
    ]


def describe(report: dict[str, Any]) -> list[str]:
    """One report in words."""
    proposals, power = report["proposals"], report["power"]
    hours, turnout = report["hours_to_decide"], report["turnout_permille"]
    said = [
        (
            f"In {_count(report['years'], 'year')} members had "
            f"{_count(proposals['count'], 'proposal')} before them and accepted "
            f"{proposals['accepted']:,}."
        ),
        (
            f"{_count(proposals['no_quorum'], 'vote')} failed because too few voted; a second call "
            f"was needed {_times(proposals['second_calls'])} and brought a quorum "
            f"{_times(proposals['second_calls_with_quorum'])}."
        ),
        (
            f"The usual decision took {render_days(hours['median'])}, the longest "
            f"{render_days(hours['most'])}; {render_permille(turnout['median'])} voted on the "
            "usual proposal."
        ),
    ]
    if power["bloc_proposals"] or power["bloc_took_side"]:
        said.append(_describe_bloc(power))
    if power["sybils_applied"]:
        said.append(
            f"Of {power['sybils_applied']:,} made-up members who applied, "
            f"{power['sybils_on_roll']:,} were on the roll in the last year."
        )
    if power["turned_by_both"]:
        said.append(
            f"Without them {_count(power['turned_by_both'], 'proposal')} would have ended "
            f"otherwise: the bloc's discipline alone turned {power['turned_by_bloc']:,}, made-up "
            f"members alone {power['turned_by_sybils']:,}."
        )
    return said + describe_affairs(report)


def describe_affairs(report: dict[str, Any]) -> list[str]:
    """What came of recalls, vetoes, departures, budgets and emergencies, where there are any."""
    said = [*_describe_officers(report)]
    vetoes, emergencies = report["vetoes"], report["emergencies"]
    if vetoes["vetoed"]:
        overrides = (
            f"members were asked {_times(vetoes['overrides'])} to override that, and did so "
            f"{_times(vetoes['overridden'])}."
            if vetoes["overrides"]
            else "nobody asked members to override that."
        )
        said.append(
            f"The privacy group stopped {vetoes['vetoed']:,} of "
            f"{_count(vetoes['data_uses'], 'accepted data use')}; {overrides}"
        )
    if emergencies["acts"]:
        said.append(
            f"The committee paused a data use at once {_times(emergencies['acts'])}: members "
            f"ratified {emergencies['ratified']:,} of these acts, and {emergencies['reverted']:,} "
            "were undone."
        )
    departures = report["departures"]
    if departures["left"]:
        said.append(
            f"{_count(departures['left'], 'member')} left, and {departures['came_back']:,} came "
            "back."
        )
    if departures["exclusions"]:
        said.append(
            f"The committee wanted to exclude {_count(departures['exclusions'], 'member')}: "
            f"{departures['appeals']:,} appealed, {departures['excluded']:,} had to go, "
            f"{departures['stayed']:,} stayed."
        )
    budgets = report["budgets"]
    if budgets["votes"]:
        said.append(
            f"Members shared a budget by quadratic voting {_times(budgets['decided'])} of "
            f"{budgets['votes']:,}{_say_item_of_bloc(budgets)}."
        )
    return said


def compare(result: dict[str, Any]) -> list[str]:
    """Two reports beside each other in words: what changes and what does not."""
    first, second = result["reports"]
    names = (first["bylaws"], second["bylaws"])
    if not result["settings"]:
        return ["Both bylaws say the same, so nothing changes."]
    said = [
        (
            f"{_count(len(result['settings']), 'setting')} differ. Of "
            f"{_count(first['proposals']['count'], 'proposal')} "
            f"{len(result['decided_otherwise']):,} end otherwise."
        )
    ]
    for what, path, render in _MEASURES:
        values = tuple(read(report, path) for report in (first, second))
        if not path.startswith(_ALWAYS_SAID) and values == (0, 0):
            continue
        if values[0] == values[1]:
            said.append(f"{what}: {render(values[0])} under both.")
        else:
            word = "less" if values[0] < values[1] else "more"
            said.append(
                f"{what}: {render(values[0])} under {names[0]}, {word} than {render(values[1])} "
                f"under {names[1]}."
            )
    return said


def read(report: dict[str, Any], path: str) -> int:
    """A number of a report by its path, as in `proposals.accepted`."""
    table, name = path.split(".")
    return int(report[table][name])


def render_permille(permille: int) -> str:
    """A share as people read it: `32.4 %`."""
    return f"{permille // 10}.{permille % 10} %"


def render_days(hours: int) -> str:
    """A time as people read it: `13.0 days`."""
    tenths = hours * 10 // _HOURS_PER_DAY
    return f"{tenths // 10}.{tenths % 10} days"


def render_number(number: int) -> str:
    """A whole number as people read it."""
    return f"{number:,}"


def render_setting(name: str, value: int) -> str:
    """A setting as people read it, by the unit that ends its name.

    Args:
        name: Such as `stages.voting_s`.
        value: As the file has it.
    """
    if name.endswith("_bps"):
        return f"{value / 100:g} %"
    if name.endswith("_s") and value % 3_600 == 0:
        hours = value // 3_600
        if hours % _HOURS_PER_DAY:
            return _count(hours, "hour")
        return _count(hours // _HOURS_PER_DAY, "day")
    return render_number(value)


_MEASURES = (
    ("Proposals accepted", "proposals.accepted", render_number),
    ("Votes without quorum", "proposals.no_quorum", render_number),
    ("Second calls", "proposals.second_calls", render_number),
    ("Time to the usual decision", "hours_to_decide.median", render_days),
    ("Longest time to a decision", "hours_to_decide.most", render_days),
    ("The bloc's proposals accepted", "power.bloc_proposals_accepted", render_number),
    ("Seats that the bloc wins", "power.bloc_seats_permille", render_permille),
    ("Committee seats turned by bloc or made-up members", "power.seats_turned", render_number),
    ("Decisions turned by bloc or made-up members", "power.turned_by_both", render_number),
    ("Officers recalled", "recalls.recalled", render_number),
    ("Data uses stopped by the privacy group", "vetoes.vetoed", render_number),
    ("Vetoes overridden", "vetoes.overridden", render_number),
    ("Members excluded", "departures.excluded", render_number),
    ("Emergency acts undone", "emergencies.reverted", render_number),
)
_ALWAYS_SAID = ("proposals.", "hours_to_decide.")
"""Other measures are left out where both bylaws have nothing of them."""


def _describe_bloc(power: dict[str, Any]) -> str:
    return (
        f"The bloc is {render_permille(power['bloc_roll_permille'])} of the roll. It won "
        f"{power['seats_won']['bloc']:,} of {sum(power['seats_won'].values()):,} seats "
        f"({render_permille(power['bloc_seats_permille'])}), and "
        f"{power['bloc_proposals_accepted']:,} of its {power['bloc_proposals']:,} own proposals; "
        f"where it took a side, it had its way {power['bloc_had_its_way']:,} of "
        f"{_times(power['bloc_took_side'])}."
    )


def _describe_officers(report: dict[str, Any]) -> list[str]:
    recalls, vacancies = report["recalls"], report["vacancies"]
    said = []
    if recalls["petitions"]:
        said.append(
            f"{_count(recalls['petitions'], 'petition')} asked for an officer's recall: "
            f"{recalls['voted_on']:,} had enough signatures, and "
            f"{_count(recalls['recalled'], 'officer')} lost the seat."
        )
    if vacancies["seats"]:
        said.append(
            f"{_count(vacancies['seats'], 'seat')} fell vacant by recall or departure; the votes "
            f"of the last election filled {vacancies['followed']:,} of them."
        )
    return said


def _say_item_of_bloc(budgets: dict[str, int]) -> str:
    if not budgets["bloc_item_minor"]:
        return ""
    share = budgets["bloc_item_minor"] * 1_000 // budgets["funded_minor"]
    return f"; the bloc's item got {render_permille(share)} of what was shared"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _times(number: int) -> str:
    return _count(number, "time")
