"""Mains of the node's processes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import plyvel
import pytest

from did.codec import decode, encode
from ledger.application import Application
from ledger.disk import META
from ledger.store import Store
from node import exit_codes
from node.founding import complete_settings, found_alone
from node.home import Home
from tests.bylaws import make_bylaws
from tests.ledger.scenario import Chain, render_init_chain
from tests.ledger.two_rules import SOFTWARE, UPGRADE
from tests.node.test_node_alone import ROCHDALE


def run_ledger(home: Home) -> subprocess.CompletedProcess[str]:
    """Run a node's ledger process until it ends by itself."""
    reading, writing = os.pipe()  # the supervisor's, which stays open
    try:
        return subprocess.run(
            [sys.executable, "-m", "node.processes", "ledger", str(home.root)],
            capture_output=True,
            text=True,
            stdin=reading,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("arguments", [[], ["web"], ["wep", "/x"], ["web", "/x", "y"]])
def test_a_wrong_call_names_the_right_command(arguments: list[str]) -> None:
    """Nobody starts these by hand."""
    ended = subprocess.run(
        [sys.executable, "-m", "node.processes", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "use `rochdale start`" in ended.stderr


def test_what_an_operator_can_mend_is_one_sentence(tmp_path: Path) -> None:
    """The supervisor shows a process's last line."""
    ended = subprocess.run(
        [sys.executable, "-m", "node.processes", "ledger", str(tmp_path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "there is no node at" in ended.stderr


def test_a_state_of_another_format_is_refused_with_the_command_that_mends_it(
    tmp_path: Path,
) -> None:
    """One sentence, and the command does what it says."""
    home, _ = found_alone(
        tmp_path / "home",
        complete_settings({}),
        bylaws=make_bylaws(),
        time_scale=1,
        genesis_time_ms=0,
    )
    database = plyvel.DB(str(home.ledger))
    record = decode(database.get(META), bytes_max=1_024)
    assert isinstance(record, list)
    database.put(META, encode([2, *record[1:]]))
    database.close()

    ended = run_ledger(home)

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "the ledger's state is of format 2" in ended.stderr
    command = re.search(r"`rochdale (ledger reset --keep-blocks)`", ended.stderr)
    assert command is not None
    done = subprocess.run(
        [*ROCHDALE, *command[1].split(), "--yes", "--home", str(home.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    Store.open(home.ledger).close()


def test_a_ledger_that_needs_newer_software_says_so_and_ends_with_4(tmp_path: Path) -> None:
    """An earlier version was installed again: it must not touch what a later one wrote."""
    home, _ = found_alone(
        tmp_path / "home",
        complete_settings({}),
        bylaws=make_bylaws(),
        time_scale=1,
        genesis_time_ms=0,
    )
    store = Store.open(home.ledger)
    application = Application(store, software_version="2.0.0", rules=SOFTWARE["2.0.0"])
    application.init_chain(render_init_chain())
    chain = Chain(home.ledger, application, store)
    while chain.height < UPGRADE.height:
        chain.run()
    store.close()

    ended = run_ledger(home)

    assert ended.returncode == exit_codes.OUTDATED
    assert ended.stderr.splitlines()[-1].startswith("this chain follows version 2 of the rules")
    assert "needs Rochdale 2.0.0 or later" in ended.stderr
