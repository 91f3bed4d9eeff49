"""Files that are not what they should be: file, line or field, what would be right; no traceback.

`rochdale governance simulate` and `count` read what people wrote or downloaded. Whatever that
is, the answer is one sentence, and nothing is written.
"""

import re
from pathlib import Path

import pytest

from config.limits import GIVEN_FILE_BYTES_MAX, GIVEN_TOML_BYTES_MAX
from node import exit_codes
from tests.bylaws import PRESETS
from tests.node.terminal import Terminal

BYLAWS = (PRESETS / "patient-group.toml").read_bytes()
SCENARIO = b"""version = 1
title = "t"
seed = "s"
years = 1
[members]
count = 50
"""
DEEP = b"[" * 9_000 + b"]" * 9_000


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    return Terminal(capsys, tmp_path)


def check_refused(
    terminal: Terminal, path: Path, says: str, *arguments: object, code: int = 0
) -> None:
    report = path.with_name("report.html")

    terminal.type("governance", *arguments, *(("--html", report) if code == 0 else ()))

    assert terminal.code == (code or exit_codes.MISCONFIGURED)
    assert re.search(f"{path.name}.*{says}", terminal.error)
    assert "defect" not in terminal.error
    assert len(terminal.error.strip().splitlines()) == 1
    assert terminal.error.strip().isprintable()
    assert not report.exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"version = ", "not valid TOML .*end of document"),
        (SCENARIO + b"\xff", "line 7: not UTF-8 text; save the file as UTF-8"),
        (b"", "version must be 1"),
        (b"version = 2", "version must be 1"),
        (SCENARIO + b"#" * GIVEN_TOML_BYTES_MAX, f"longer than the {GIVEN_TOML_BYTES_MAX} bytes"),
        (SCENARIO + b"[bloc]\nx = " + DEEP, "too deep in each other"),
        (SCENARIO.replace(b"50", b"9" * 5_000), "line 6: a number has too many digits"),
        (SCENARIO.replace(b"50", b"-50"), "members.count must be a whole number from 10 to"),
        (SCENARIO.replace(b"50", b"nan"), "members.count must be a whole number from 10 to"),
        (SCENARIO.replace(b"50", b"1979-05-27"), "members.count must be a whole number"),
        (SCENARIO.replace(b"[members]", b"[[members]]"), "members must be a table of whole num"),
        (SCENARIO.replace(b"count", b"[members.count]\na"), "members.count must be a whole number"),
        (SCENARIO + b"count = 51", "Cannot overwrite a value .*: correct it there"),
        (SCENARIO + b'"\\u001b[2J" = 1', "unknown setting members.'.x1b"),
        (SCENARIO + b"a" * 999 + b" = 1", "unknown setting members.a{60}…: there are count"),
        (SCENARIO.replace(b'"t"', b'"\\u001b[2J"'), "title must be text .* can be printed"),
        (SCENARIO.replace(b'"s"', b'"\\ud800"'), "not valid TOML .*line 3"),
    ],
)
def test_a_malformed_scenario_is_named(
    terminal: Terminal, tmp_path: Path, text: bytes, says: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(text)

    check_refused(terminal, path, says, "simulate", path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"[quorum]", b"[quorum", "not valid TOML .*line 10"),
        (b"# Bylaws", b"# \xc4rger", "line 1: not UTF-8 text"),
        (BYLAWS, b"", "version must be 1"),
        (BYLAWS, b"#" * 70_000, "longer than the"),
        (BYLAWS, b"x = " + DEEP, "too deep in each other"),
        (b"3_000", b"9" * 5_000, "line 11: a number has too many digits"),
        (b"[quorum]", b"[[quorum]]", "quorum is a table of whole numbers"),
        (b"[quorum]", b"[quorom]", "unknown setting quorom: there are quorum, majority"),
        (b"ordinary_bps", b"ordinary", "unknown setting quorum.ordinary: there are ordinary_bps"),
        (
            b"ordinary_bps = 3_000\n",
            b"",
            "quorum.ordinary_bps is missing: say how many, 3000 to 10000: ",
        ),
        (b"3_000", b"3000.0", "quorum.ordinary_bps must be a whole number from 3000 to 10000"),
        (b"3_000", b"2_999", "quorum.ordinary_bps is 2999, but the charter allows 3000 to 10000"),
        (b"version = 1", b'version = 1\n"\\u001b[2J" = 1', "unknown setting '.x1b"),
    ],
)
def test_malformed_bylaws_are_named(
    terminal: Terminal, tmp_path: Path, old: bytes, new: bytes, says: str
) -> None:
    """Wherever they are given: as those to try, or as the others to compare with."""
    path, scenario = tmp_path / "bad.toml", tmp_path / "scenario.toml"
    path.write_bytes(BYLAWS.replace(old, new, 1))
    scenario.write_bytes(SCENARIO)

    for option in ("--bylaws", "--versus"):
        check_refused(terminal, path, says, "simulate", scenario, option, path)


def test_a_file_that_cannot_be_read_is_named(terminal: Terminal, tmp_path: Path) -> None:
    scenario, longest = tmp_path / "scenario.toml", tmp_path / ("x" * 300)
    scenario.write_bytes(SCENARIO)

    for path in (tmp_path / "none.toml", tmp_path, longest):
        check_refused(terminal, path, "cannot be read .*ten-years", "simulate", path)
        check_refused(
            terminal, path, "cannot be read .*national", "simulate", scenario, "--bylaws", path
        )


def test_a_page_that_cannot_be_written_is_said_before_the_simulation(
    terminal: Terminal, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "none" / "a.html", tmp_path / ("x" * 300)):
        terminal.type("governance", "simulate", "ten-years", "--html", path)

        assert terminal.code == exit_codes.MISCONFIGURED
        assert "cannot be written: name a file in a directory that you may write" in terminal.error


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "line 1: two numbers are needed first"),
        (b"3 1\r1 1 0\r0\r", "line 1: two numbers are needed first"),
        ("3 1\n".encode("utf-16"), "line 1: not UTF-8 text; save the file as UTF-8"),
        (b"1 1\n1 \x1b[2J 0\n", r"line 2: preferences are .*, not '.x1b"),
        (b'1 1\n0\n"A\0"\n', "line 3: a name has at most 200 characters"),
        (b"1 1\n" + b"9" * 5_000 + b" 1 0\n", "line 2: a ballot begins with how many"),
        (b"1 1\n1 " + b"9" * 5_000 + b" 0\n", "line 2: preferences are candidates' numbers"),
        (b"9" * 5_000 + b" 1\n", "line 1: two numbers are needed first"),
    ],
)
def test_a_malformed_file_of_ballots_is_named(
    terminal: Terminal, tmp_path: Path, data: bytes, says: str
) -> None:
    path = tmp_path / "bad.blt"
    path.write_bytes(data)

    check_refused(terminal, path, says, "count", path, code=exit_codes.FAILED)


def test_a_file_without_end_is_not_read(terminal: Terminal) -> None:
    """A receipt of a terabyte would fill the memory."""
    path = terminal.root / "receipt.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)

    terminal.type("ledger", "verify", path, "--trust", path)

    assert terminal.code == exit_codes.MISCONFIGURED
    assert f"longer than the {GIVEN_FILE_BYTES_MAX} bytes" in terminal.error
