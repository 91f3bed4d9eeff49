"""How the engine says that it has failed, also if its process lives on, and what mends that.

A panic in consensus is caught there: the process goes on to answer and to gossip, but makes no
block any more, and only its log tells (consensus/state.go, blocksync/reactor.go of the pinned
engine). Imported by the supervisor, so this stays light.
"""

import json
import re

from node.process_group import Ailment

_CONSENSUS_FAILED = "CONSENSUS FAILURE!!!"
_SYNCED_BLOCK_REFUSED = "Error in validation"
_OTHER_STATE = re.compile(
    r"wrong Block\.Header\.(AppHash|LastResultsHash|ConsensusHash|(Next)?ValidatorsHash)\b"
)


_OTHER_LEDGER = "AppHash does not match AppHash after replay"
"""What it compares when it starts (consensus/replay.go)."""


def explain_engine_end(said: str) -> str:
    """Add to the engine's last words what mends it, where that is known and they do not say it."""
    if _OTHER_LEDGER not in said:
        return said
    return (
        f"{said.removesuffix('Got').strip()} The ledger's state is not the one that the engine's "
        "blocks lead to: stop the node; `rochdale ledger replay` says if the blocks are sound, and "
        "`rochdale ledger reset --keep-blocks` makes the state anew from them"
    )


def find_engine_ailment(line: str) -> Ailment | None:
    """Check if a line of the engine's log says that it makes no more blocks.

    What a single validator proposes is no reason: both lines speak of blocks that more than
    two thirds of the power have signed.
    """
    if _CONSENSUS_FAILED not in line and _SYNCED_BLOCK_REFUSED not in line:
        return None
    try:
        told = json.loads(line)
    except ValueError:
        return None
    said, error = told.get("_msg"), str(told.get("err"))
    if said not in {_CONSENSUS_FAILED, _SYNCED_BLOCK_REFUSED}:
        return None
    if _OTHER_STATE.search(error):
        return Ailment(
            sentence=f"this node's state is not what the others have agreed on ({error}): stop it; "
            "`rochdale ledger replay` finds the first block that differs, `rochdale ledger reset` "
            "lets the node take its state from the chain anew",
            halts=True,
        )
    if said == _CONSENSUS_FAILED:
        return Ailment(sentence=f"consensus failed in the engine ({error})", halts=False)
    return None
