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


_ENDS = {
    "AppHash does not match AppHash after replay": (
        "The ledger's state is not the one that the engine's blocks lead to: stop the node; "
        "`rochdale ledger replay` says if the blocks are sound, and `rochdale ledger reset "
        "--keep-blocks` makes the state anew from them"
    ),
    "is too far below block store base": (
        "This node has not kept the blocks that its ledger needs next, as it joined by state sync "
        "or pruned them: stop it, and let `rochdale ledger reset` take the state from the other "
        "nodes, or put back what the last reset set aside"
    ),
}
"""What the engine says of a ledger that does not go with its blocks when it starts, and what mends
that (consensus/replay.go, state/errors.go).
"""


def explain_engine_end(said: str) -> str:
    """Add to the engine's last words what mends it, where that is known and they do not say it."""
    for words, mending in _ENDS.items():
        if words in said:
            return f"{said.removesuffix('Got').strip().removesuffix('.')}. {mending}"
    return said


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
