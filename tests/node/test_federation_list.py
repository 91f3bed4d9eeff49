"""What `rochdale federation list` says of motions, for people who are to approve them."""

import pytest

from governance.acts import FederalAct, ScheduleUpgrade, StopValidator, WithdrawUpgrade
from governance.records import Upgrade
from node.commands.federation_list import render_act

ASH, BIRCH = bytes([1]) * 32, bytes([2]) * 32
NAMES = {ASH: "Ash", BIRCH: "Birch"}


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (
            ScheduleUpgrade(
                upgrade=Upgrade(height=900, rules_version=2, software_version_min="1.4.0")
            ),
            "schedule upgrade to rules 2 at height 900, with software 1.4.0 or newer",
        ),
        (WithdrawUpgrade(), "withdraw upgrade"),
        (StopValidator(cooperative=BIRCH), "stop validator Birch"),
    ],
)
def test_an_act_is_told_with_all_that_is_approved(act: FederalAct, words: str) -> None:
    """What software the others will need, too; and nobody who is not meant."""
    assert render_act(act, ASH, NAMES) == words
