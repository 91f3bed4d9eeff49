"""`rochdale governance count`: what a counter types and reads."""

from pathlib import Path

import pytest

from node import exit_codes
from tests.governance.count.elections import WARDS, load_stages
from tests.node.terminal import Terminal

VECTORS = Path(__file__).parents[1] / "vectors" / "stv"
TIED = '3 1\n2 1 0\n2 2 0\n3 3 0\n0\n"Ann"\n"Bob"\n"Cid"\n"Tied"\n'


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    return Terminal(capsys, tmp_path)


@pytest.fixture
def tied(tmp_path: Path) -> Path:
    path = tmp_path / "tied.blt"
    path.write_text(TIED)
    return path


@pytest.mark.parametrize("ward", WARDS)
def test_prints_every_stage_as_the_reference_counter(terminal: Terminal, ward: str) -> None:
    """Names, totals and what is not transferable, digit by digit."""
    told = terminal.ask("governance", "count", "--method", "scottish-stv", VECTORS / f"{ward}.blt")

    reference = load_stages(ward)
    wanted = [
        (stage.non_transferable, dict(zip(stage.names, stage.totals, strict=True)))
        for stage in reference
        if stage.action in {"begin", "transfer"}
    ]
    last = reference[-1]
    assert list(told) == ["quota", "winners", "stages"]
    assert f"{told['quota']}.00000" == last.quota
    assert sorted(told["winners"]) == sorted(
        name for name, state in zip(last.names, last.states, strict=True) if state == "E"
    )
    assert [
        (stage["non_transferable"], stage["totals"])
        for stage in told["stages"]
        if stage["action"] in {"begin", "transfer"}
    ] == wanted
    assert all(
        list(stage) == ["action", "candidate", "totals", "non_transferable"]
        for stage in told["stages"]
    )


def test_shows_people_winners_and_stages(terminal: Terminal) -> None:
    said = terminal.do("governance", "count", "--seats", "3", VECTORS / "Govan-2007.blt")

    assert "9,560 valid ballots, 3 to elect, quota 2,391" in said
    assert "elected 1  Allison Hunter" in said
    assert "2694.00000 *" in said
    assert "not transferable" in said


@pytest.mark.parametrize(("method", "seats", "winners"), [("schulze", 1, 1), ("approval", 4, 4)])
def test_counts_by_other_methods(terminal: Terminal, method: str, seats: int, winners: int) -> None:
    """The same file; without a quota. Approval ignores the order of preferences."""
    arguments = ("governance", "count", "-m", method, VECTORS / "Govan-2007.blt")

    told = terminal.ask(*arguments, "--seats", str(seats))

    assert told["quota"] is None
    assert len(told["winners"]) == winners
    assert told["winners"][0] in terminal.do(*arguments)


def test_withdrawn_candidates_and_empty_seats_are_told(terminal: Terminal, tied: Path) -> None:
    tied.write_text(TIED.replace("3 1\n", "3 3\n-2\n", 1))

    said = terminal.do("governance", "count", tied)

    assert "5 valid ballots, 2 that name nobody who stands, 3 to elect" in said
    assert "1 stay empty" in said
    assert "Bob" not in said


def test_a_tie_says_how_to_give_a_lot(terminal: Terminal, tied: Path) -> None:
    """With names or a file; then the count goes on."""
    said = terminal.type("governance", "count", tied)

    assert terminal.code == exit_codes.MISCONFIGURED
    assert "Ann and Bob are tied" in said
    assert '--lot "Ann,Bob"' in said
    told = terminal.ask("governance", "count", tied, "--lot", "Bob, Ann")
    assert [s["candidate"] for s in told["stages"] if s["action"] == "defeat"] == ["Ann", "Bob"]
    lot = tied.with_name("lot.txt")
    lot.write_text("Ann\n\nBob\n")
    told = terminal.ask("governance", "count", tied, "--lot", lot)
    assert [s["candidate"] for s in told["stages"] if s["action"] == "defeat"] == ["Bob", "Ann"]


@pytest.mark.parametrize(
    ("lot", "wanted"),
    [
        ("Ann,Zoe", "'Zoe', who is no candidate"),
        ("Ann,Ann", "twice"),
        ("A" * 5_000, "no candidate"),
    ],
)
def test_a_lot_names_candidates_once(terminal: Terminal, tied: Path, lot: str, wanted: str) -> None:
    said = terminal.type("governance", "count", tied, "--lot", lot)

    assert terminal.code == exit_codes.MISCONFIGURED
    assert wanted in said


@pytest.mark.parametrize(
    ("arguments", "code", "wanted"),
    [
        (["--method", "borda"], exit_codes.MISCONFIGURED, "scottish-stv, schulze, approval"),
        (["--method", "schulze", "--seats", "2"], exit_codes.MISCONFIGURED, "elects one"),
        (["--seats", "0"], exit_codes.FAILED, "0 seats: there must be 1 to 64"),
        (["--seats", "many"], exit_codes.MISCONFIGURED, "--seats"),
    ],
)
def test_says_what_cannot_be_counted(
    terminal: Terminal, tied: Path, arguments: list[str], code: int, wanted: str
) -> None:
    said = terminal.type("governance", "count", tied, *arguments)

    assert terminal.code == code
    assert wanted in said


def test_a_malformed_file_is_refused_with_its_line(terminal: Terminal, tied: Path) -> None:
    tied.write_text(TIED.replace("2 2 0", "2 7 0"))

    said = terminal.type("governance", "count", tied)

    assert terminal.code == exit_codes.FAILED
    assert f"{tied}, line 3: preferences are candidates' numbers from 1 to 3, not '7'" in said


def test_a_file_must_be_there_and_be_text(terminal: Terminal, tied: Path) -> None:
    said = terminal.type("governance", "count", tied.with_name("none.blt"))
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "none.blt cannot be read (No such file or directory)" in said

    tied.write_bytes(TIED.encode() + b"\xff")
    said = terminal.type("governance", "count", tied)
    assert terminal.code == exit_codes.FAILED
    assert "line 10: not UTF-8 text" in said

    tied.write_text(TIED.replace("3 1\n", "3 1\n-1 -2 -3\n", 1))
    said = terminal.type("governance", "count", tied)
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "all candidates of this file are withdrawn" in said


def test_a_file_that_is_too_long_is_not_read(
    terminal: Terminal, tied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.limits.GIVEN_FILE_BYTES_MAX", 10)

    said = terminal.type("governance", "count", tied)

    assert terminal.code == exit_codes.MISCONFIGURED
    assert "longer than the 10 bytes" in said
