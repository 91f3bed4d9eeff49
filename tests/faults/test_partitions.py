"""Four nodes whose network breaks: they never disagree, and go on as soon as three can talk."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger.rpc import EngineClient
from node.web.registry_reader import fetch_cooperatives
from tests.faults.lan import RETRIES_DEFAULT, Lan, LanUnavailableError
from tests.faults.roots import rename
from tests.faults.rounds import ROUNDS
from tests.node.small_federation import (
    Member,
    check_agreement,
    found_members,
    run_command,
    wait_until,
)

HEALED_S = 90
"""In which a healed federation must make blocks again: lines that were dead as long as a test
waited are tried again after about that time (RFC 6298 §5.5)."""

LONG = pytest.mark.skipif(ROUNDS < 100, reason="long: `make soak` runs it")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    """Four hosts."""
    try:
        made = Lan(4)
    except LanUnavailableError as error:
        pytest.skip(str(error))
    yield made
    made.close()


@pytest.fixture(scope="module")
def running(lan: Lan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Member]]:
    """A validator on each."""
    directory: Path = tmp_path_factory.mktemp("partitions")
    members = found_members(directory, hosts=lan.addresses)
    for number, member in enumerate(members):
        member.prefix = lan.prefix(number)
        member.start()
    yield members
    for member in members:
        member.stop()


@pytest.fixture
def members(lan: Lan, running: list[Member]) -> Iterator[list[Member]]:
    """All of them up to date, and every link whole."""
    wait_for_blocks(running, 3)
    yield running
    lan.heal()


@pytest.mark.parametrize(
    ("divided_s", "retries"), [(5, RETRIES_DEFAULT), pytest.param(60, 6, marks=LONG)]
)
def test_two_and_two_stand_still_say_for_whom_they_wait_and_go_on_once_healed(
    lan: Lan, members: list[Member], divided_s: int, retries: int
) -> None:
    """Neither half may decide anything; after long, hosts give up dead lines (docs/faults.md)."""
    lan.limit_retries(retries)
    until_s = time.monotonic() + divided_s
    lan.divide((0, 1), (2, 3))
    time.sleep(3)  # what had enough votes before is decided on one side or both
    heights = [member.height() for member in members]

    for member, others in zip(members, ((2, 3), (2, 3), (0, 1), (0, 1)), strict=True):
        check_waits_for(member, [members[number] for number in others])
    time.sleep(max(0.0, until_s - time.monotonic()))
    assert [member.height() for member in members] == heights

    lan.heal()
    wait_for_blocks(members, 3, timeout_s=HEALED_S)
    check_agreement(members)


def test_three_go_on_without_the_fourth_which_catches_up(lan: Lan, members: list[Member]) -> None:
    """The cut-off one stands still, and knows it; it misses nothing in the end."""
    majority, minority = members[:3], members[3]
    lan.divide((0, 1, 2), (3,))
    time.sleep(2)
    height = minority.height()

    asyncio.run(rename(majority[0], "Renamed while one was away"))
    check_waits_for(minority, majority)
    wait_for_blocks(majority, 5)
    assert minority.height() == height

    lan.heal()
    tip = majority[0].height()
    wait_until(lambda: minority.height() > tip, timeout_s=HEALED_S)
    check_agreement(members)


def test_links_that_are_lost_for_good_do_not_stop_the_chain(
    lan: Lan, members: list[Member]
) -> None:
    """One pair cannot talk, and of another pair only one hears the other: the rest pass it on."""
    lan.cut([(0, 1), (1, 0), (2, 3)])

    for number, member in enumerate(members):
        asyncio.run(rename(member, f"Renamed over a bad network {number}"))
    wait_for_blocks(members, 10)
    check_agreement(members)


def check_waits_for(member: Member, others: Sequence[Member]) -> None:
    """`rochdale status` says that the chain stands still, and whose validators are missing.

    Not of necessity all others: some may have voted for the block in work before they were cut
    off. Names are those that it knows: other tests change them.
    """
    names = asyncio.run(read_names(member))

    def ask() -> dict[str, object]:
        shown = run_command("status", "--json", "--home", str(member.home.root))
        return json.loads(shown.stdout)["ledger"] or {}

    wait_until(lambda: ask().get("stands_still"))
    wait_until(lambda: ask().get("missing"))
    missing = ask()["missing"]
    assert isinstance(missing, list)
    assert set(missing) <= {names[other.address] for other in others}
    shown = " ".join(run_command("status", "--home", str(member.home.root)).stdout.split())
    assert "the chain stands still: it waits for " + " and ".join(missing) in shown


async def read_names(member: Member) -> dict[bytes, str]:
    """Of all cooperatives, by their validators' addresses, as a node's ledger has them."""
    async with EngineClient(member.home.rpc_socket) as engine:
        return {item.validator_address: item.name for item in await fetch_cooperatives(engine)}


def wait_for_blocks(members: Sequence[Member], blocks: int, *, timeout_s: float = 60) -> None:
    """Wait until all have some more blocks than the first of them has now."""
    height = max(member.height() for member in members) + blocks
    wait_until(lambda: min(member.height() for member in members) >= height, timeout_s=timeout_s)
