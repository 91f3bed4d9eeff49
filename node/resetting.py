"""Setting a node's state aside, so that it is made anew: from its own blocks, or the chain's.

What its validator signed last, and the file that tells this home from a copy of it, stay where
they are: the node may go on signing when it has caught up.
"""

from pathlib import Path

from config.errors import MisconfiguredError, RefusedError
from config.settings import Settings
from ledger.store import create_store
from node.chain import is_recovered, load_genesis
from node.home import Home
from node.joining import load_bundle
from node.remote_signer import load_validator_public_key

_KEPT = ("priv_validator_state.json", "place")


def check_reset(
    home: Home, settings: Settings, *, keep_blocks: bool, others_have_blocks: bool
) -> None:
    """Check, before anybody is asked, that a node can come back from a reset.

    Who validates by now only the state tells, which may be what is damaged: the genesis says if
    the chain began with this node's validator alone.

    Raises:
        MisconfiguredError: The chain's blocks do not tell all, and there is no trust bundle; the
            genesis file was changed, or the validator's key is missing.
        RefusedError: What would be set aside nobody else may have.
    """
    if is_recovered(home) and load_bundle(home) is None:
        raise MisconfiguredError(
            "this chain goes on from another's state, which its blocks do not tell: put a trust "
            f"bundle from a partner's `rochdale trust export` at {home.trust_path} first"
        )
    has_blocks = (home.engine_data / "blockstore.db").exists() and home.genesis_path.exists()
    if keep_blocks or others_have_blocks or not has_blocks:
        return
    genesis = load_genesis(home)
    own = load_validator_public_key(home, settings)
    if [item.public_key for item in genesis.trust.validators] == [own]:
        raise RefusedError(
            f"{genesis.chain_id} began with this node's validator alone: if no other node has its "
            "blocks, the chain ends when they are set aside, since what was signed once is not "
            "signed again. Make the state anew from them with `--keep-blocks`, or put back a "
            f"backup of {home.ledger}; if other nodes hold the blocks, add `--others-have-blocks`"
        )


def set_aside(home: Home, *, keep_blocks: bool) -> Path:
    """Move the ledger and the engine's data of a stopped node away, and make an empty ledger.

    Args:
        home: The node's; `check_reset` has passed.
        keep_blocks: Whether the engine's data stays: it hands its blocks to the ledger then.

    Returns:
        Where they are now: a directory of the home.

    Raises:
        MisconfiguredError: This user may not change the home.
    """
    number = 1
    while (aside := home.root / f"aside-{number}").exists():
        number += 1
    try:
        _move(home, aside, keep_blocks=keep_blocks)
    except OSError as error:
        kept = f"put back what {aside} holds, and " if aside.exists() else ""
        raise MisconfiguredError(
            f"the state of {home.root} cannot be set aside ({error.strerror}: {error.filename}): "
            f"{kept}run this again as the user who owns all of it, with room on its disk"
        ) from error
    create_store(home.ledger)
    return aside


def _move(home: Home, aside: Path, *, keep_blocks: bool) -> None:
    aside.mkdir(mode=0o700)
    if home.ledger.exists():
        home.ledger.rename(aside / "ledger")
    if home.engine_data.exists() and not keep_blocks:
        (aside / "engine-data").mkdir(mode=0o700)
        for path in sorted(home.engine_data.iterdir()):
            if path.name not in _KEPT:
                path.rename(aside / "engine-data" / path.name)
