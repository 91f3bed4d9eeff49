"""Changing the rules: which version holds at a height, and how the next one is decided.

A change is scheduled for a height and stands in the federation's parameters until it begins.
Which versions a node's software knows, and what it does when it lacks one, is the ledger's
matter; who may schedule a change is `governance.federal`'s.
"""

from msgspec.structs import replace

from config.limits import UPGRADE_NOTICE_BLOCKS_MAX, UPGRADE_NOTICE_BLOCKS_MIN
from governance.context import BlockContext
from governance.events import Events, RulesChanged, UpgradeScheduled, UpgradeWithdrawn
from governance.records import Parameters, Upgrade
from governance.refusals import RefusalCode, TxRefusedError
from governance.state_keys import FEDERATION
from governance.view import StateView


def compute_rules_version(parameters: Parameters, *, height: int) -> int:
    """The version of the rules that a block is executed by.

    Args:
        parameters: State before that block.
        height: Of the block, later than the state's.
    """
    upgrade = parameters.upgrade
    if upgrade is not None and height >= upgrade.height:
        return upgrade.rules_version
    return parameters.rules_version


def compute_software_version_min(parameters: Parameters, *, height: int) -> str:
    """The first software that may execute a block; arguments as `compute_rules_version`."""
    upgrade = parameters.upgrade
    if upgrade is not None and height >= upgrade.height:
        return upgrade.software_version_min
    return parameters.software_version_min


def schedule_upgrade(view: StateView, upgrade: Upgrade, *, block: BlockContext) -> Events:
    """Decide on a change of the rules; one that was scheduled before is replaced.

    Raises:
        TxRefusedError: UPGRADE_UNFIT: not the next version, or too soon or too late.
    """
    parameters = view.get_parameters()
    if upgrade.rules_version != parameters.rules_version + 1:
        raise TxRefusedError(
            RefusalCode.UPGRADE_UNFIT, f"the next version is {parameters.rules_version + 1}"
        )
    notice = upgrade.height - block.height
    if not UPGRADE_NOTICE_BLOCKS_MIN <= notice <= UPGRADE_NOTICE_BLOCKS_MAX:
        first, last = UPGRADE_NOTICE_BLOCKS_MIN, UPGRADE_NOTICE_BLOCKS_MAX
        raise TxRefusedError(
            RefusalCode.UPGRADE_UNFIT, f"its height is {first} to {last} blocks ahead"
        )
    view.put_parameters(replace(parameters, upgrade=upgrade))
    return (
        UpgradeScheduled(
            cooperative=FEDERATION,
            height=upgrade.height,
            rules_version=upgrade.rules_version,
            software_version_min=upgrade.software_version_min,
        ),
    )


def withdraw_upgrade(view: StateView) -> Events:
    """Take a scheduled change back before it begins.

    Raises:
        TxRefusedError: UPGRADE_UNFIT: none is scheduled.
    """
    parameters = view.get_parameters()
    if parameters.upgrade is None:
        raise TxRefusedError(RefusalCode.UPGRADE_UNFIT, "none is scheduled")
    view.put_parameters(replace(parameters, upgrade=None))
    return (
        UpgradeWithdrawn(cooperative=FEDERATION, rules_version=parameters.upgrade.rules_version),
    )


def begin_upgrade(view: StateView, *, block: BlockContext) -> Events:
    """Note that a scheduled version has begun: the first thing of its first block."""
    parameters = view.get_parameters()
    upgrade = parameters.upgrade
    if upgrade is None or block.height < upgrade.height:
        return ()
    view.put_parameters(
        replace(
            parameters,
            rules_version=upgrade.rules_version,
            software_version_min=upgrade.software_version_min,
            upgrade=None,
        )
    )
    return (RulesChanged(cooperative=FEDERATION, rules_version=upgrade.rules_version),)
