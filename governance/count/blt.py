"""Ballot files in the BLT format, as text that the caller has read.

The format of election counters since Hill, Wichmann and Woodall (1987): a line with the
numbers of candidates and seats, perhaps withdrawn candidates as negative numbers, one ballot
a line (how many, preferences, 0), a line with 0, the candidates' names in quotes, and a
title. Text from outside: whatever it says, the answer is an election or a `BltError` that
names the line and what would be right.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import (
    BLT_NAME_CHARS_MAX,
    COUNT_CANDIDATES_MAX,
    COUNT_PAPERS_MAX,
    GIVEN_FILE_BYTES_MAX,
)

_DIGITS_MAX = len(str(COUNT_PAPERS_MAX))
_NAMES = re.compile(r'(?:\s*"[^"]*")+\s*')
_SPACES = re.compile(r"\s+")
_NAME = re.compile(r'"([^"]*)"')


class BltError(RefusedError):
    """The text is not a file of ballots.

    Attributes:
        line: Where, from 1.
        problem: What is wrong there and what would be right.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class BltElection:
    """What a file says."""

    title: str
    """Empty if there is none."""
    names: tuple[str, ...]
    """Of the candidates, each once; runs of spaces made one."""
    seats_count: int
    withdrawn: bytes
    """Candidates who no longer stand, ascending."""
    papers: dict[bytes, int]
    """Equal ballots together, blank ones too, as `governance.count.papers.Papers`."""


def parse_blt(text: str) -> BltElection:
    """Read a file of ballots.

    Raises:
        BltError: It is not one, or is beyond the limits.
    """
    if len(text) > GIVEN_FILE_BYTES_MAX:
        raise BltError(
            1, f"the file is too long: at most {GIVEN_FILE_BYTES_MAX} characters are read"
        )
    lines = _Lines(text.removeprefix("\ufeff").split("\n"))
    candidates_count, seats_count = _parse_head(lines)
    withdrawn = _parse_withdrawn(lines, candidates_count)
    papers = _parse_ballots(lines, candidates_count)
    names, title = _parse_names(lines, candidates_count)
    return BltElection(
        title=title, names=names, seats_count=seats_count, withdrawn=withdrawn, papers=papers
    )


class _Lines:
    """Lines that say something, and the number of the last one."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        while self.number < len(self._lines):
            line = self._lines[self.number]
            self.number += 1
            if "#" in line:
                line = _strip_comment(line)
            if line and not line.isspace():
                yield line

    def back(self) -> None:
        """Read the last line again."""
        self.number -= 1

    def fail(self, problem: str) -> BltError:
        """An error at the last line."""
        return BltError(max(self.number, 1), problem)


def _strip_comment(line: str) -> str:
    """Cut at the first `#` that is not in quotes."""
    is_quoted = False
    for place, character in enumerate(line):
        if character == '"':
            is_quoted = not is_quoted
        elif character == "#" and not is_quoted:
            return line[:place]
    return line


def _parse_head(lines: _Lines) -> tuple[int, int]:
    for line in lines:
        words = line.split()
        if len(words) == 2:
            candidates_count, seats_count = map(_parse_number, words)
            if candidates_count is None or seats_count is None:
                break
            for what, number in (("candidates", candidates_count), ("seats", seats_count)):
                if not 1 <= number <= COUNT_CANDIDATES_MAX:
                    raise lines.fail(
                        f"{number} {what}: a count has 1 to {COUNT_CANDIDATES_MAX} of them"
                    )
            return candidates_count, seats_count
        break
    raise lines.fail(
        "two numbers are needed first, of candidates and of seats, as in `9 4` for nine "
        "candidates and four seats"
    )


def _parse_withdrawn(lines: _Lines, candidates_count: int) -> bytes:
    withdrawn: list[int] = []
    for line in lines:
        if not line.lstrip().startswith("-"):
            lines.back()
            break
        for word in line.split():
            number = _parse_number(word.removeprefix("-"))
            if not word.startswith("-") or number is None or not 1 <= number <= candidates_count:
                raise lines.fail(
                    f"withdrawn candidates are negative numbers from -1 to -{candidates_count}, "
                    f"not {_show(word)}"
                )
            if number - 1 in withdrawn:
                raise lines.fail(f"candidate {number} is withdrawn twice: name each once")
            withdrawn.append(number - 1)
    return bytes(sorted(withdrawn))


def _parse_ballots(lines: _Lines, candidates_count: int) -> dict[bytes, int]:
    place_of = {str(place + 1): place for place in range(candidates_count)}.__getitem__
    papers: dict[bytes, int] = {}
    papers_count = 0
    for line in lines:
        weight, *preferences = line.split()
        if weight == "0" and not preferences:
            return papers
        try:
            choice = bytes(map(place_of, preferences[:-1]))
            weight_count = int(weight) if weight == "1" else _parse_number(weight)
        except KeyError:
            raise _explain(lines, weight, preferences, candidates_count) from None
        is_right = preferences and preferences[-1] == "0" and weight_count
        if not is_right or len(dict.fromkeys(choice)) != len(choice) or weight_count is None:
            raise _explain(lines, weight, preferences, candidates_count)
        papers_count += weight_count
        if papers_count > COUNT_PAPERS_MAX:
            raise lines.fail(f"more than {COUNT_PAPERS_MAX} ballots are not counted")
        papers[choice] = papers.get(choice, 0) + weight_count
    raise lines.fail("the file ends within the ballots: after the last one comes a line with 0")


def _explain(lines: _Lines, weight: str, preferences: list[str], candidates_count: int) -> BltError:
    """What is wrong with a ballot's line."""
    if weight.startswith('"'):
        return lines.fail("names come after a line with 0, which ends the ballots")
    if weight.startswith("("):
        return lines.fail("a ballot begins with how many are equal, such as 1, not with its id")
    if not _parse_number(weight):
        return lines.fail(
            "a ballot begins with how many are equal, a whole number from 1, not with "
            f"{_show(weight)}"
        )
    if not preferences or preferences[-1] != "0":
        return lines.fail("a ballot stands on one line and ends with 0, as in `1 3 2 0`")
    for word in preferences[:-1]:
        if "=" in word:
            return lines.fail(
                f"equal preferences ({_show(word)}) are not counted: order them, or leave them out"
            )
        number = _parse_number(word)
        if number is None or str(number) != word or not 1 <= number <= candidates_count:
            return lines.fail(
                f"preferences are candidates' numbers from 1 to {candidates_count}, not "
                f"{_show(word)}"
            )
    twice = [word for at, word in enumerate(preferences) if word in preferences[:at]]
    return lines.fail(f"candidate {twice[0]} is preferred twice: name each once")


def _parse_names(lines: _Lines, candidates_count: int) -> tuple[tuple[str, ...], str]:
    found: list[str] = []
    for line in lines:
        if len(found) > candidates_count:
            raise lines.fail("nothing may follow the title")
        if _NAMES.fullmatch(line) is None:
            wanted = f"candidate {len(found) + 1}" if len(found) < candidates_count else "the title"
            raise lines.fail(f'the name of {wanted} is needed here, in quotes, as in "Ada Byron"')
        for written in _NAME.findall(line):
            name = _SPACES.sub(" ", written)
            _check_name(lines, name, found, candidates_count)
            found.append(name)
    if len(found) < candidates_count:
        raise lines.fail(
            f"{len(found)} of {candidates_count} candidates have a name: each needs one, in quotes"
        )
    return tuple(found[:candidates_count]), "".join(found[candidates_count:])


def _check_name(lines: _Lines, name: str, found: list[str], candidates_count: int) -> None:
    if len(found) > candidates_count:
        raise lines.fail("nothing may follow the title")
    if len(name) > BLT_NAME_CHARS_MAX or not name.isprintable():
        raise lines.fail(
            f"a name has at most {BLT_NAME_CHARS_MAX} characters, all of which can be printed"
        )
    if len(found) == candidates_count:
        return
    if not name.strip():
        raise lines.fail("a candidate's name is empty")
    if name.strip() in [other.strip() for other in found]:
        raise lines.fail(f"two candidates have the name {_show(name)}: tell them apart")


def _parse_number(word: str) -> int | None:
    """A whole number in plain digits; None if it is anything else, or too long."""
    if len(word) > _DIGITS_MAX or not word.isascii() or not word.isdigit():
        return None
    return int(word)


def _show(word: str) -> str:
    """A word of the file for a message: short, and harmless to a terminal."""
    return repr(word if len(word) <= 20 else word[:20] + "…")
