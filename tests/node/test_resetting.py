"""`rochdale ledger reset`: what is set aside, what stays, and when it is refused."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from governance.state_keys import FEDERATION, Collection, state_key
from ledger.app_hash import compute_parts
from ledger.maintenance import rollback
from ledger.signing_state import load_signed_point
from ledger.store import Store
from node import exit_codes
from node.signing_guard import load_guard
from tests.node.small_federation import Member, found_members, wait_until
from tests.node.terminal import Terminal


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Member]:
    """A chain of one validator that has made blocks."""
    [member] = found_members(tmp_path, 1)
    with member:
        member.start()
        wait_until(lambda: member.height() > 1)
        member.stop()
        yield member


def test_blocks_that_nobody_else_has_are_not_set_aside(
    stopped: Member, member_terminal: Terminal
) -> None:
    """The only validator signs nothing twice: without its blocks the chain has ended."""
    node = stopped.home
    shutil.rmtree(node.ledger)  # what is damaged is no witness

    refused = member_terminal.type("ledger", "reset", "--yes", "--home", node.root)

    assert member_terminal.code == exit_codes.FAILED
    assert "test-four-1 began with this node's validator alone" in refused
    assert "with `--keep-blocks`" in refused
    assert (node.engine_data / "blockstore.db").is_dir()
    assert "aside-1" in member_terminal.do(
        "ledger", "reset", "--keep-blocks", "--yes", "--home", node.root
    )


def test_a_node_that_was_reset_signs_where_it_left_off(
    stopped: Member, member_terminal: Terminal
) -> None:
    """The only validator cannot fetch its blocks, and says so: here it is what stays."""
    node = stopped.home
    signed = load_signed_point(node.engine_data / "priv_validator_state.json")
    assert signed is not None

    said = member_terminal.do(
        "ledger", "reset", "--others-have-blocks", "--yes", "--home", node.root
    )

    assert "aside-1" in said
    assert (node.root / "aside-1" / "ledger").is_dir()
    assert (node.root / "aside-1" / "engine-data" / "blockstore.db").is_dir()
    store = Store.open(node.ledger)
    assert store.record.height == 0
    store.close()
    assert load_signed_point(node.engine_data / "priv_validator_state.json") == signed
    assert load_guard(node).held == ""
    stopped.start()
    with stopped:
        wait_until(lambda: "no block yet" in show(member_terminal, node.root))
        told = show(member_terminal, node.root)
    assert f"its validator signed up to block {signed.height}, and none of these again" in told


def test_a_state_that_the_blocks_do_not_lead_to_is_made_anew(
    stopped: Member, member_terminal: Terminal
) -> None:
    """The engine panics at its start; what mends that is told beside its words, and does."""
    node = stopped.home
    with closing(Store.open(node.ledger)) as store:
        last = store.record
    rollback(node.ledger, last.height - 1)
    with closing(Store.open(node.ledger)) as store:
        staged = store.stage([(state_key(FEDERATION, Collection.BALLOT, b"x"), b"x")])
        app_hash = compute_parts(store, state_root=staged.root).compute()
        store.commit(staged, replace(last, app_hash=app_hash, state_root=staged.root))
    stopped.start()
    with stopped:
        wait_until(lambda: stopped.restarts("engine"))
        told = show(member_terminal, node.root)
    assert "AppHash does not match AppHash after replay. The ledger's state is not" in told
    assert "`rochdale ledger reset --keep-blocks` makes the state anew" in told

    member_terminal.do("ledger", "reset", "--keep-blocks", "--yes", "--home", node.root)

    stopped.start()
    with stopped:
        wait_until(lambda: stopped.height() > last.height)


def show(terminal: Terminal, home: Path) -> str:
    """What `rochdale status` says, on one line."""
    return " ".join(terminal.type("status", "--home", home).split())
