"""BLT files: what is read, and how everything else is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import limits
from governance.count.blt import BltElection, BltError, parse_blt
from tests.governance.count.elections import WARDS, load_stages, load_ward

GOOD = """4 2
-2
3 1 3 0
1 4 3 2 0
1 0
2 1 3 0
0
"Adam"
"Basil"
"Charlotte"
"Donald O'Brien"
"The title"
"""


def test_reads_every_part() -> None:
    """Equal ballots come together, withdrawn candidates stay on the papers."""
    election = parse_blt(GOOD)

    assert election == BltElection(
        title="The title",
        names=("Adam", "Basil", "Charlotte", "Donald O'Brien"),
        seats_count=2,
        withdrawn=bytes([1]),
        papers={bytes([0, 2]): 5, bytes([3, 2, 1]): 1, b"": 1},
    )


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\n\n"),
        "\ufeff" + GOOD,
        GOOD.replace("0\n", '0   # said the "clerk\n'),
        GOOD.replace('"Adam"\n"Basil"', '  "Adam"   "Basil"  '),
    ],
    ids=["windows", "blank lines", "byte order mark", "comments", "names on one line"],
)
def test_reads_what_other_programs_write(text: str) -> None:
    """Line ends, blank lines, comments and a byte order mark make no difference."""
    assert parse_blt(text) == parse_blt(GOOD)


def test_a_hash_in_quotes_is_no_comment() -> None:
    assert parse_blt(GOOD.replace("Adam", "Adam #1")).names[0] == "Adam #1"


def test_runs_of_spaces_in_a_name_are_one() -> None:
    """As the reference counter reads them."""
    assert parse_blt(GOOD.replace("Adam", "Adam \t  Smith")).names[0] == "Adam Smith"


def test_a_file_may_lack_a_title() -> None:
    assert parse_blt(GOOD.replace('"The title"', "")).title == ""


@pytest.mark.parametrize("ward", WARDS)
def test_reads_glasgow_2007(ward: str) -> None:
    election = load_ward(ward)

    assert election.names == load_stages(ward)[0].names


@pytest.mark.parametrize(
    ("old", "new", "line", "wanted"),
    [
        ("4 2\n", "4\n", 1, "two numbers are needed first"),
        ("4 2\n", "four 2\n", 1, "two numbers are needed first"),
        (GOOD, "", 1, "two numbers are needed first"),
        ("4 2\n", "65 2\n", 1, "65 candidates: a count has 1 to 64"),
        ("4 2\n", "4 0\n", 1, "0 seats: a count has 1 to 64"),
        ("4 2\n", "99999999999999999999 2\n", 1, "two numbers"),
        (GOOD[GOOD.index("-2") :], "", 2, "the file ends within the ballots"),
        ("-2\n", "-5\n", 2, "from -1 to -4, not '-5'"),
        ("-2\n", "-2 3\n", 2, "from -1 to -4, not '3'"),
        ("-2\n", "-2 -2\n", 2, "candidate 2 is withdrawn twice"),
        ("3 1 3 0", "3 1 3", 3, "ends with 0, as in"),
        ("3 1 3 0", "3", 3, "ends with 0, as in"),
        ("3 1 3 0", "3 1 5 0", 3, "from 1 to 4, not '5'"),
        ("3 1 3 0", "3 1 x 0", 3, "from 1 to 4, not 'x'"),
        ("3 1 3 0", "3 1 03 0", 3, "from 1 to 4, not '03'"),
        ("3 1 3 0", "3 1 ٣ 0", 3, "from 1 to 4, not"),
        ("3 1 3 0", "3 1 0 3 0", 3, "from 1 to 4, not '0'"),
        ("3 1 3 0", "3 1 1 0", 3, "candidate 1 is preferred twice"),
        ("3 1 3 0", "3 1=3 0", 3, "equal preferences ('1=3') are not counted"),
        ("3 1 3 0", "0 1 3 0", 3, "how many are equal, a whole number from 1, not with '0'"),
        ("3 1 3 0", "1.5 1 3 0", 3, "a whole number from 1, not with '1.5'"),
        ("3 1 3 0", "-3 1 3 0", 3, "withdrawn candidates are negative numbers"),
        ("3 1 3 0", "(7) 1 3 0", 3, "not with its id"),
        ("3 1 3 0", f"{limits.COUNT_PAPERS_MAX} 1 3 0", 4, "ballots are not counted"),
        ("\n0\n", "\n", 7, "names come after a line with 0"),
        (GOOD[GOOD.index('0\n"Adam') :], "", 7, "the file ends within the ballots"),
        ('"Adam"', "Adam", 8, "the name of candidate 1 is needed here, in quotes"),
        ('"Adam"', '"Adam', 8, "the name of candidate 1"),
        ('"Adam"', '""', 8, "name is empty"),
        ('"Adam"', '"Basil "', 9, "two candidates have the name"),
        ('"Adam"', '"\x1b[2J"', 8, "all of which can be printed"),
        ('"Adam"', f'"{"a" * 201}"', 8, "at most 200 characters"),
        ('"Donald O\'Brien"\n"The title"\n', "", 11, "3 of 4 candidates have a name"),
        ('"The title"', "title", 12, "the name of the title"),
        ('"The title"', '"The title"\n"more"', 13, "nothing may follow the title"),
        ('"The title"', '"The title" "more"', 12, "nothing may follow the title"),
    ],
)
def test_says_which_line_is_wrong_and_what_would_be_right(
    old: str, new: str, line: int, wanted: str
) -> None:
    with pytest.raises(BltError, match=re.escape(wanted)) as caught:
        parse_blt(GOOD.replace(old, new, 1))

    assert caught.value.line == line
    assert str(caught.value).startswith(f"line {line}: ")


def test_refuses_a_file_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("governance.count.blt.GIVEN_FILE_BYTES_MAX", 10)

    with pytest.raises(BltError, match="too long"):
        parse_blt(GOOD)


@given(st.text() | st.text(alphabet='0123456789 -=#"\n\tA('))
def test_any_text_is_an_election_or_an_error(text: str) -> None:
    """Nothing else may come out, whatever goes in."""
    try:
        parse_blt(text)
    except BltError as error:
        assert error.line >= 1


@given(st.data())
def test_a_changed_file_is_an_election_or_an_error(data: st.DataObject) -> None:
    """Deeper than random text: one place of a good file changes."""
    start = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 8))
    text = GOOD[:start] + data.draw(st.text(max_size=8)) + GOOD[start + length :]

    try:
        election = parse_blt(text)
    except BltError as error:
        assert error.line >= 1
    else:
        assert len(election.names) >= 1
        assert all(len(set(choice)) == len(choice) for choice in election.papers)
