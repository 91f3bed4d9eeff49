"""`rochdale governance audit`: on a stopped node's state, or a copy of it."""

import json
import os
from pathlib import Path

from msgspec.structs import replace

from governance.proposal_records import Choice
from governance.value.view import LedgerBooks, ValueView
from node import exit_codes
from node.lock import take_lock
from tests.governance.audit.audit_world import (
    MOTION_ID,
    change_decision,
    make_shared_world,
    make_voted_world,
)
from tests.governance.audit.test_distributions import BANDS, sealed_file
from tests.governance.audit.test_nettings import netted
from tests.governance.value.test_netting_entries import ENTRY_ID
from tests.governance.world import (
    OTHER_COOPERATIVE,
    admit,
    make_world,
    proposal_id_of,
    propose,
    vote,
)
from tests.node.stores import keep
from tests.node.terminal import PASSPHRASE, Terminal, free_ports

MEMBERS_COUNT = 2_500
TARGET_S = 30


def test_says_what_was_recounted(member_terminal: Terminal, tmp_path: Path) -> None:
    """Outcomes, ballots, distributions, and how long it took."""
    store = keep(make_voted_world(), tmp_path / "ledger")

    said = member_terminal.do("governance", "audit", store, "--from-chain")
    told = member_terminal.ask("governance", "audit", store)

    assert "2 outcomes of 8 ballots" in said
    assert (told["outcomes"], told["ballots"], told["difference"]) == (2, 8, None)


def test_names_the_first_difference(member_terminal: Terminal, tmp_path: Path) -> None:
    """Which proposal, which field, what it should be and what it is; exit code 1."""
    world = make_voted_world()
    change_decision(world, MOTION_ID, yes_count=4)
    store = keep(world, tmp_path / "ledger")

    said = member_terminal.type("governance", "audit", store)
    assert member_terminal.code == exit_codes.FAILED
    member_terminal.type("governance", "audit", store, "--json")

    assert f"proposal {MOTION_ID.hex()}" in said
    assert "decision.yes_count" in said
    assert "expected  3" in said
    assert member_terminal.code == exit_codes.FAILED
    difference = json.loads(member_terminal.out)["difference"]
    assert (difference["field"], difference["found"]) == ("decision.yes_count", "4")


def test_looks_for_each_netting_in_both_books(member_terminal: Terminal, tmp_path: Path) -> None:
    """It says how many; whose entry says something else is named."""
    world = netted()
    store = keep(world, tmp_path / "ledger")

    said = member_terminal.do("governance", "audit", store, "--from-chain")
    told = member_terminal.ask("governance", "audit", store)
    books = LedgerBooks(ValueView(world.kv), OTHER_COOPERATIVE)
    books.put_entry(replace(books.require_entry(ENTRY_ID), reference=bytes(32)))
    changed = member_terminal.type("governance", "audit", keep(world, tmp_path / "changed"))

    assert "1 nettings between cooperatives, in everybody's books" in said
    assert (told["nettings"], told["difference"]) == (1, None)
    assert member_terminal.code == exit_codes.FAILED
    assert f"of {OTHER_COOPERATIVE.hex()}" in changed
    assert "entry.reference" in changed


def test_checks_amounts_against_the_sealed_file(member_terminal: Terminal, tmp_path: Path) -> None:
    """Every member's; a file that is none is said to be none."""
    store = keep(make_shared_world(BANDS)[0], tmp_path / "ledger")
    sealed = tmp_path / "sealed.json"
    sealed.write_text(json.dumps(sealed_file()), encoding="utf-8")

    said = member_terminal.do("governance", "audit", store, "--sealed", sealed)
    assert f"{len(BANDS)} members' amounts" in said
    member_terminal.type("governance", "audit", store, "--sealed", tmp_path / "none.json")
    assert member_terminal.code == exit_codes.MISCONFIGURED
    sealed.write_text("{}", encoding="utf-8")
    member_terminal.type("governance", "audit", store, "--sealed", sealed)
    assert member_terminal.code == exit_codes.FAILED


def test_a_running_node_that_cannot_make_a_copy_is_not_read(
    member_terminal: Terminal, tmp_path: Path
) -> None:
    """It says what to do instead."""
    home = tmp_path / "home"
    os.environ["ROCHDALE_PASSPHRASE"] = PASSPHRASE
    member_terminal.do("init", "--home", home, *free_ports())
    descriptor = take_lock(home / "node.lock", wait_s=0)

    said = member_terminal.type("governance", "audit", "--home", home)

    os.close(descriptor)
    assert member_terminal.code == exit_codes.UNAVAILABLE
    assert "rochdale stop" in said
    member_terminal.type("governance", "audit", "--home", home)
    assert member_terminal.code == exit_codes.OK, "a chain that has decided nothing holds"


def test_a_large_vote_is_recounted_in_time(member_terminal: Terminal, tmp_path: Path) -> None:
    """2,500 ballots, in well under half a minute."""
    world = make_world()
    for start in range(1, MEMBERS_COUNT + 1, 50):
        world.run(admit(range(start, start + 50)))
        assert world.refusals == [None]
    motion = propose(1)
    world.open_voting(motion)
    proposal_id = proposal_id_of(motion)
    choices = (Choice.YES, Choice.NO, Choice.YES, Choice.ABSTAIN)
    world.run(
        *(vote(number, proposal_id, choices[number % 4]) for number in range(1, MEMBERS_COUNT + 1))
    )
    world.close_voting()

    told = member_terminal.ask("governance", "audit", keep(world, tmp_path / "ledger"))

    assert (told["outcomes"], told["ballots"]) == (1, MEMBERS_COUNT)
    assert told["took_s"] < TARGET_S
