"""Changing a cooperative's keys: its validator's, its registrar's, its own.

The new key is on disk before the ledger hears of it, and takes its place only after a block
says so: whatever is interrupted can be run again. The engine reads its key at its start, so it
is ended here and the supervisor starts it with the new one.
"""

import asyncio
import json
import os
import signal
from collections.abc import Callable

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import COMMIT_WAIT_S
from config.settings import Settings
from did.accounts import compute_key_commitment
from governance.key_transactions import RotateKeys
from governance.records import Role, compute_office_account_id
from governance.transactions import ReplaceRegistrar, RotateConsensusKey
from node.federation_office import RootOffice, open_office, wait_for_height
from node.home import Home
from node.keystore import begin_key, finish_key, load_key, replace_key
from node.remote_signer import has_remote_signer, load_validator_public_key

Random = Callable[[int], bytes]
Tell = Callable[[str], None]
"""Says what is being done, to whoever waits."""
_POLL_S = 0.2
_NEXT = "cooperative-next"


async def rotate_remote_validator(
    home: Home, settings: Settings, public_key: bytes, *, now_ms: Callable[[], int], tell: Tell
) -> int:
    """Tell the federation of the next key of a remote signer.

    Args:
        home: Of a running node.
        settings: Of that home; they name the old key.
        public_key: The new one's; 32 bytes.
        now_ms: Wall clock.
        tell: Given a sentence about the progress.

    Returns:
        The first block that the new key may sign.

    Raises:
        RefusedError: It does not validate, or the ledger refuses.
        UnavailableError: The node does not run, or no block came in time.
    """
    async with open_office(home, settings, now_ms=now_ms) as office:
        current = await _read_consensus_key(office)
        await _announce(office, public_key, current=current, tell=tell)
        return await _wait_until_unseated(office, load_validator_public_key(home, settings)) + 1


async def rotate_validator(
    home: Home, settings: Settings, *, now_ms: Callable[[], int], random: Random, tell: Tell
) -> int:
    """Give this cooperative's validator a new key; its engine is restarted with it.

    Returns:
        The first block that the new key may sign.

    Raises:
        RefusedError: It does not validate, or the ledger refuses.
        UnavailableError: The node does not run, or no block came in time.
    """
    async with open_office(home, settings, now_ms=now_ms) as office:
        current = await _read_consensus_key(office)
        new = begin_key(home.keys, "consensus", random=random)
        old = load_key(home.keys, "consensus")
        await _announce(office, new.public_key, current=current, tell=tell)
        first = await _wait_until_unseated(office, old.public_key) + 1
        finish_key(home.keys, "consensus")
        tell("restarting the engine with the new key")
        restart_engine(home)
        await _wait(office, first)
    return first


async def _read_consensus_key(office: RootOffice) -> bytes:
    """With which this cooperative validates, as the ledger has it."""
    validator = (await office.read_own()).validator
    if validator is None:
        raise RefusedError("this cooperative does not validate: there is no key to rotate")
    return validator.consensus_key


async def _announce(office: RootOffice, new: bytes, *, current: bytes, tell: Tell) -> None:
    """Tell the federation of the next key, unless an earlier attempt did."""
    if current == new:
        return
    tell("telling the federation of the new key")
    result = await office.send(RotateConsensusKey(consensus_key=new))
    tell(f"in block {result.height}; the old key signs one more block")


async def appoint_key(
    home: Home, settings: Settings, office: RootOffice, *, random: Random
) -> bytes:
    """The consensus key to validate with: the home's own, or a new one if that was retired.

    A remote signer's is taken as it is.

    Raises:
        RefusedError: The ledger cannot answer.
        UnavailableError: The engine does not answer.
    """
    own = load_validator_public_key(home, settings)
    known = await office.read_consensus_key(own)
    if known is None or not known.is_retired or has_remote_signer(settings):
        return own
    # Nothing signs with it any more, so the engine may have its successor at once.
    new = begin_key(home.keys, "consensus", random=random)
    finish_key(home.keys, "consensus")
    restart_engine(home)
    return new.public_key


async def replace_registrar(
    home: Home, settings: Settings, *, now_ms: Callable[[], int], random: Random
) -> None:
    """Give the registrar's office a new key; the old one stops at once.

    Raises:
        RefusedError: The ledger refuses.
        UnavailableError: The node does not run, or no block came in time.
    """
    async with open_office(home, settings, now_ms=now_ms) as office:
        new = begin_key(home.keys, "registrar", random=random)
        account_id = compute_office_account_id(cooperative=office.cooperative, role=Role.REGISTRAR)
        account = await office.read_account(account_id)
        if account.keys[0].public_key != new.public_key:
            await office.send(ReplaceRegistrar(public_keys=(new.public_key,)))
        finish_key(home.keys, "registrar")


async def rotate_root(
    home: Home, settings: Settings, *, now_ms: Callable[[], int], random: Random
) -> None:
    """Let `cooperative-next` take over from the root key, and commit to a new next one.

    Raises:
        MisconfiguredError: `cooperative-next` is not there.
        RefusedError: The ledger refuses.
        UnavailableError: The node does not run, or no block came in time.
    """
    waiting, later_path = home.keys / f"{_NEXT}.key", home.keys / f"{_NEXT}-new.key"
    if not waiting.exists() and later_path.exists():
        # An earlier run was interrupted between its last two steps.
        later_path.replace(waiting)
        return
    if not waiting.exists():
        raise MisconfiguredError(
            f"{waiting} is not here: bring back the key that you keep apart, "
            "it alone can replace the cooperative's key"
        )
    following = load_key(home.keys, _NEXT)
    later = begin_key(home.keys, _NEXT, random=random)
    async with open_office(home, settings, now_ms=now_ms, key_name=_NEXT) as office:
        account = await office.read_account(office.cooperative)
        if account.keys[0].public_key != following.public_key:
            commitment = compute_key_commitment(later.public_key)
            await office.send(RotateKeys(next_key_commitment=commitment))
    replace_key(home.keys, "cooperative", by=_NEXT)
    later_path.replace(waiting)


def restart_engine(home: Home) -> None:
    """End the engine; the supervisor starts it again with the home's keys.

    Raises:
        UnavailableError: The node does not run.
    """
    try:
        told = json.loads(home.status_path.read_bytes())
        pid = next(row["pid"] for row in told["processes"] if row["name"] == "engine")
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise UnavailableError(
            f"the node at {home.root} does not run: `rochdale start` begins with the new key"
        ) from error


async def _wait_until_unseated(office: RootOffice, old_key: bytes) -> int:
    """Wait until the old key has signed its last block; that block's height."""
    async with asyncio.timeout(COMMIT_WAIT_S):
        while True:  # other cooperatives' changes may come first
            if not await office.is_seated(old_key):
                break
            await asyncio.sleep(_POLL_S)
    known = await office.read_consensus_key(old_key)
    last = 0 if known is None else known.signs_until
    await _wait(office, last)
    return last


async def _wait(office: RootOffice, height: int) -> None:
    try:
        async with asyncio.timeout(COMMIT_WAIT_S):
            await wait_for_height(office.engine, height)
    except TimeoutError as error:
        raise UnavailableError(
            f"block {height} has not come after {COMMIT_WAIT_S:g} s: see `rochdale status`, and "
            "run the same command again"
        ) from error
