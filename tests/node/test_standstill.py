"""A chain that stands still, and a node that only catches up: told apart and told of."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ledger.rpc_answers import find_absent
from tests.node.small_federation import Member, found_members, wait_until
from tests.node.terminal import Terminal


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Member]]:
    """Founders of a chain that no two of them carry on; none runs yet."""
    members = found_members(tmp_path, 3)
    with ExitStack() as stack:
        for member in members:
            stack.enter_context(member)
        yield members


def test_a_new_chain_says_for_which_founders_it_waits(
    three: list[Member], member_terminal: Terminal
) -> None:
    """The ledger names nobody before the first block; the genesis does."""
    three[0].start()

    others = ["Cooperative 1", "Cooperative 2"]
    wait_until(lambda: ask_ledger(three[0], member_terminal).get("missing") == others)

    ledger = ask_ledger(three[0], member_terminal)
    assert (ledger["height"], ledger["time"], ledger["app_hash"]) == (0, None, "")
    told = member_terminal.do("status", "--home", three[0].home.root)
    assert "no block yet, 0 consensus peers\n" in told
    assert "the chain stands still: it waits for Cooperative 1 and Cooperative 2\n" in told
    assert "app hash" not in told
    assert "1970" not in told


def test_who_went_away_after_it_had_voted_is_missed_too(
    three: list[Member], member_terminal: Terminal
) -> None:
    """Its vote of the open round stays; its connection does not."""
    for member in three:
        member.start()
    wait_until(lambda: min(member.height() for member in three) > 3)
    three[2].stop()
    wait_until(lambda: has_voted(three[0], three[1].address))

    three[1].stop()

    others = ["Cooperative 1", "Cooperative 2"]
    wait_until(lambda: ask_ledger(three[0], member_terminal).get("missing") == others)
    assert has_voted(three[0], three[1].address)


def has_voted(member: Member, address: bytes) -> bool:
    """Whether a member's engine holds another's vote of the last step that anybody came to."""
    state = member.call("dump_consensus_state")["round_state"]
    return any(
        not vote.startswith("nil") and f":{address.hex()[:12].upper()} " in vote
        for votes in state["votes"]
        for vote in votes["prevotes"]
    ) and address not in find_absent(state)


def ask_ledger(member: Member, terminal: Terminal) -> dict[str, Any]:
    """Where its ledger stands, as `rochdale status` says; empty while it does not answer."""
    terminal.type("status", "--json", "--home", member.home.root)
    return json.loads(terminal.out)["ledger"] or {}


def test_a_needed_validator_that_fetches_its_blocks_again_is_catching_up(
    three: list[Member], member_terminal: Terminal
) -> None:
    """It fetches within consensus, so its engine says that it is not behind; the chain waits."""
    for member in three:
        member.start()
    wait_until(lambda: three[0].height() > 40)
    three[0].stop()
    tip = three[1].height()
    home = three[0].home
    member_terminal.do("ledger", "reset", "--yes", "--home", home.root)
    time.sleep(6)  # the last block is overdue from here on

    three[0].start()
    seen = []
    while three[0].height() < tip:
        told = ask_ledger(three[0], member_terminal)
        if 0 < told.get("height", 0) < tip - 1:
            seen.append(told)

    assert seen
    assert {told["stands_still"] for told in seen} == {False}
    assert {told["catching_up"] for told in seen} == {True}
    assert {told["others_height"] for told in seen} <= {tip - 1, tip}
