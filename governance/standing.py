"""What a cooperative does about its own validator: another key, or coming back from silence.

Apart from `governance.validators`, which the federation's acts use too.
"""

from governance.context import BlockContext, Sender
from governance.events import Events
from governance.federal_view import FederalView
from governance.records import Standing
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import require_root
from governance.transactions import RotateConsensusKey
from governance.validators import restore, rotate


def apply_rotate_consensus_key(
    view: FederalView, tx: RotateConsensusKey, *, sender: Sender, block: BlockContext
) -> Events:
    """Give a cooperative's validator another key, in a set of any size.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, NOT_A_VALIDATOR, CONSENSUS_KEY_TAKEN; in
            this order.
    """
    return rotate(view, require_root(view, sender), tx.consensus_key, block=block)


def apply_return_to_duty(view: FederalView, *, sender: Sender, block: BlockContext) -> Events:
    """Let a validator sign again that was suspended for silence, at its cooperative's word.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, SUSPENDED_ON_EVIDENCE, NOT_A_VALIDATOR,
            NOT_SUSPENDED; in this order.
    """
    cooperative = require_root(view, sender)
    validator = cooperative.validator
    if validator is not None and validator.standing is Standing.ACCUSED:
        raise TxRefusedError(RefusalCode.SUSPENDED_ON_EVIDENCE)
    return restore(view, cooperative, block=block)
