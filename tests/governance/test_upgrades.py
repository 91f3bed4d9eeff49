"""Changes of the rules: scheduled, withdrawn, begun."""

import pytest
from msgspec.structs import replace

from config.limits import UPGRADE_NOTICE_BLOCKS_MAX, UPGRADE_NOTICE_BLOCKS_MIN
from did.codec import CodecError
from governance.context import BlockContext
from governance.events import RulesChanged, UpgradeScheduled, UpgradeWithdrawn
from governance.records import Parameters, Upgrade
from governance.refusals import RefusalCode, TxRefusedError
from governance.rules import RULES
from governance.state_keys import FEDERATION
from governance.upgrades import (
    begin_upgrade,
    compute_rules_version,
    compute_software_version_min,
    schedule_upgrade,
    withdraw_upgrade,
)
from governance.view import MemoryKeyValue, StateView

PARAMETERS = Parameters(
    network="test-heart", time_scale=1, bylaws_hash=bytes([1]) * 32, rules_version=1
)
UPGRADE = Upgrade(height=500, rules_version=2, software_version_min="1.4.0")


def make_block(height: int) -> BlockContext:
    return BlockContext(height=height, time_ms=1_700_000_000_000, chain_id="test-heart-1")


@pytest.fixture
def view() -> StateView:
    view = StateView(MemoryKeyValue())
    view.put_parameters(PARAMETERS)
    return view


def test_a_scheduled_change_stands_in_state_until_its_height(view: StateView) -> None:
    """From its first block on the new version holds, and nothing is scheduled any more."""
    scheduled = schedule_upgrade(view, UPGRADE, block=make_block(100))

    assert scheduled == (
        UpgradeScheduled(
            cooperative=FEDERATION, height=500, rules_version=2, software_version_min="1.4.0"
        ),
    )
    assert begin_upgrade(view, block=make_block(499)) == ()
    assert view.get_parameters() == replace(PARAMETERS, upgrade=UPGRADE)

    begun = begin_upgrade(view, block=make_block(500))

    assert begun == (RulesChanged(cooperative=FEDERATION, rules_version=2),)
    assert view.get_parameters() == replace(
        PARAMETERS, rules_version=2, software_version_min="1.4.0"
    )
    assert begin_upgrade(view, block=make_block(501)) == ()


def test_state_before_a_block_says_which_rules_execute_it() -> None:
    """A node must know before the block, not after it."""
    parameters = replace(PARAMETERS, upgrade=UPGRADE)

    assert compute_rules_version(parameters, height=499) == 1
    assert compute_rules_version(parameters, height=500) == 2
    assert compute_software_version_min(parameters, height=499) == "0.0.0"
    assert compute_software_version_min(parameters, height=500) == "1.4.0"
    assert compute_rules_version(PARAMETERS, height=10**9) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"rules_version": 1},
        {"rules_version": 3},
        {"height": 100},
        {"height": 100 + UPGRADE_NOTICE_BLOCKS_MIN - 1},
        {"height": 100 + UPGRADE_NOTICE_BLOCKS_MAX + 1},
    ],
)
def test_refuses_a_change_that_nodes_could_not_follow(
    view: StateView, change: dict[str, int]
) -> None:
    """Versions have no gaps, and whoever runs a node gets some notice."""
    with pytest.raises(TxRefusedError) as refused:
        schedule_upgrade(view, replace(UPGRADE, **change), block=make_block(100))

    assert refused.value.refusal is RefusalCode.UPGRADE_UNFIT
    assert view.get_parameters() == PARAMETERS


def test_a_later_schedule_replaces_the_one_before(view: StateView) -> None:
    """There is at most one change to come."""
    schedule_upgrade(view, UPGRADE, block=make_block(100))
    later = replace(UPGRADE, height=900)

    schedule_upgrade(view, later, block=make_block(101))

    assert view.get_parameters().upgrade == later


def test_a_change_can_be_withdrawn_until_it_begins(view: StateView) -> None:
    """Afterwards there is none to withdraw."""
    schedule_upgrade(view, UPGRADE, block=make_block(100))

    assert withdraw_upgrade(view) == (UpgradeWithdrawn(cooperative=FEDERATION, rules_version=2),)
    assert view.get_parameters() == PARAMETERS
    with pytest.raises(TxRefusedError):
        withdraw_upgrade(view)


@pytest.mark.parametrize("version", ["1.4", "1.4.0.0", "v1.4.0", "01.4.0", "1.4.0rc1", "1.4.0\n"])
def test_a_software_version_has_one_spelling(version: str) -> None:
    """It is compared by every node."""
    upgrade = replace(UPGRADE, software_version_min=version)

    with pytest.raises(CodecError, match="software_version_min"):
        Upgrade.parse(upgrade.encode())


def test_versions_of_the_rules_have_no_gaps() -> None:
    """Each is one more than the one before; a number is never used twice."""
    assert [rules.version for rules in RULES] == list(range(1, len(RULES) + 1))
