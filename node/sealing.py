"""Handing a cooperative's own chain over to a federation, and bringing its roll there.

For the operator's commands beside a running node. Every step is harmless to repeat: what is
sealed stays sealed and is written out again, what is brought over is not brought twice.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from config.errors import MisconfiguredError, RefusedError
from config.limits import COMMIT_WAIT_S
from config.settings import Settings
from did.accounts import Inception
from governance.acts import AdmitCooperative, FederalAct
from governance.bylaws import Bylaws
from governance.logs import entry_key, frontier_key
from governance.merkle_log import EMPTY_FRONTIER, Frontier
from governance.records import RollEntry
from governance.refusals import RefusalCode
from governance.roll import roll_log
from governance.sealing import sealed_log
from governance.seals import Import, ImportedAccount, Seal
from governance.state_keys import FEDERATION, Collection, state_key
from governance.transactions import ImportRoll, SealChain
from ledger.genesis import check_founder
from ledger.joining import check_request
from ledger.light_source import LightSource
from ledger.receipt_builder import build_state_receipt
from ledger.rpc import EngineClient
from ledger.sealed import SEAL_KEY, SealedFile, list_roll_leaves
from node.chain import load_genesis
from node.federation_office import RootOffice, open_office
from node.home import Home
from node.sending import read_state

_POLL_S = 0.2
_QUOTA_PAUSE_S = 5.0
_QUOTA = frozenset({RefusalCode.QUOTA_OF_ACCOUNT, RefusalCode.QUOTA_OF_COOPERATIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class BroughtRoll:
    """A former chain's roll as this chain's ledger has it."""

    sealed_count: int
    """Entries of the former roll that are here."""
    later_count: int
    """Entries that came after them."""
    is_complete: bool
    is_same: bool
    """Whether the entries that are here are the sealed ones, in their order."""


async def seal_chain(
    home: Home, settings: Settings, *, destination: str, now_ms: Callable[[], int]
) -> SealedFile:
    """End a cooperative's own chain, and read out what it hands over.

    Args:
        home: Of a running node.
        settings: Of that home.
        destination: The only chain that may take it over.
        now_ms: Wall clock.

    Raises:
        RefusedError: The ledger refuses, or the chain is sealed for another destination.
        UnavailableError: The engine does not answer, or no block came in time.
    """
    async with open_office(home, settings, now_ms=now_ms) as office:
        if not await read_state(office.engine, SEAL_KEY):
            await office.send(SealChain(destination=destination))
        async with asyncio.timeout(COMMIT_WAIT_S):
            seal = await _wait_for_seal(office.engine)
        if seal.destination != destination:
            raise RefusedError(f"this chain is sealed for {seal.destination} already, for good")
        return await _read_out(home, office.engine, seal)


async def bring_roll(
    home: Home,
    settings: Settings,
    file: SealedFile,
    *,
    now_ms: Callable[[], int],
    tell: Callable[[int], None],
) -> int:
    """Bring the rest of a sealed chain's roll to the chain that admitted its cooperative.

    Args:
        home: Of the cooperative's running node.
        settings: Of that home.
        file: Its sealed chain.
        now_ms: Wall clock.
        tell: Given how many entries are there, after each part.

    Returns:
        How many entries were brought by this call.

    Raises:
        RefusedError: The cooperative is not admitted yet, or not with this chain.
        UnavailableError: The engine does not answer, or no block came in time.
    """
    async with open_office(home, settings, now_ms=now_ms) as office:
        await office.read_own()
        data = await read_state(office.engine, _import_key(office.cooperative))
        if not data:
            return 0
        progress = Import.decode(data)
        if progress.seal != file.seal:
            raise RefusedError("the federation has admitted this cooperative with another seal")
        for part in file.list_parts(start=progress.done_count):
            await _send_patiently(office, part)
            tell(part.start + len(part.entries))
        return len(file.accounts) - progress.done_count


async def compare_roll(engine: EngineClient, file: SealedFile) -> BroughtRoll:
    """Compare a sealed roll with what a running node's ledger has of it.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    log = roll_log(file.seal.cooperative)
    data = await read_state(engine, frontier_key(log))
    size = Frontier.decode(data).size if data else 0
    count = min(size, len(file.accounts))
    sealed = EMPTY_FRONTIER
    for leaf in list_roll_leaves(file.accounts[:count]):
        sealed = sealed.append(leaf)
    whole = sealed
    for index in range(count, size):
        whole = whole.append(await read_state(engine, entry_key(log, index)))
    is_waiting = bool(await read_state(engine, _import_key(file.seal.cooperative)))
    return BroughtRoll(
        sealed_count=count,
        later_count=size - count,
        is_complete=count == len(file.accounts) and not is_waiting,
        is_same=(whole == (Frontier.decode(data) if data else EMPTY_FRONTIER)),
    )


def check_act(act: FederalAct, file: SealedFile | None) -> None:
    """Check that who proposes or approves to take a sealed chain over has seen that chain.

    Args:
        act: Of the motion.
        file: A sealed chain that was checked; none if none was named.

    Raises:
        MisconfiguredError: None was named, and the act needs it.
        RefusedError: The act is about another.
    """
    sealed = act.sealed if isinstance(act, AdmitCooperative) else None
    if sealed is not None and file is None:
        raise MisconfiguredError(
            "this takes a sealed chain over: get its file from that cooperative and name it with "
            "`--sealed`, so that it is checked before you say yes"
        )
    if file is not None and sealed != file.chain:
        raise RefusedError("this does not take over the chain of the file that you named")


def read_inception(home: Home) -> Inception:
    """What this home's cooperative began with, as it signed it then.

    Raises:
        MisconfiguredError: The home has neither its offer nor its request.
        RefusedError: That was changed.
    """
    with suppress(FileNotFoundError):
        return check_founder(home.founder_path.read_text("ascii")).inception
    try:
        text = home.request_path.read_text("ascii")
    except FileNotFoundError as error:
        raise MisconfiguredError(
            f"{home.root} has neither founder.jws nor request.jws: put it back from your backup"
        ) from error
    return check_request(text).cooperative.inception


async def _wait_for_seal(engine: EngineClient) -> Seal:
    while True:
        data = await read_state(engine, SEAL_KEY)
        if data and (seal := Seal.decode(data)).is_complete:
            return seal
        await asyncio.sleep(_POLL_S)


async def _read_out(home: Home, engine: EngineClient, seal: Seal) -> SealedFile:
    genesis = load_genesis(home)
    receipt = await build_state_receipt(LightSource(engine, genesis.trust), SEAL_KEY)
    accounts = {}
    for index in range(seal.accounts_count):
        data = await read_state(engine, entry_key(sealed_log(seal.cooperative), index))
        account = ImportedAccount.decode(data)
        accounts[account.account] = account
    roll = []
    for index in range(seal.roll_size):
        data = await read_state(engine, entry_key(roll_log(seal.cooperative), index))
        roll.append(RollEntry.decode(data).account)
    if missing := [item for item in roll if item not in accounts]:
        raise RefusedError(
            f"{len(missing)} accounts of the roll have their home in another cooperative of this "
            "chain: they cannot be taken along"
        )
    bylaws = state_key(FEDERATION, Collection.BYLAWS, seal.bylaws_hash)
    return SealedFile(
        genesis=home.genesis_path.read_bytes(),
        receipt=receipt,
        inception=read_inception(home),
        bylaws=Bylaws.decode(await read_state(engine, bylaws)),
        accounts=tuple(accounts[item] for item in roll),
    )


async def _send_patiently(office: RootOffice, part: ImportRoll) -> None:
    """Send a part of the roll; wait where the cooperative has spent its quota."""
    while True:
        try:
            await office.send(part)
        except RefusedError as refused:
            if refused.code not in _QUOTA:
                raise
        else:
            return
        await asyncio.sleep(_QUOTA_PAUSE_S)


def _import_key(cooperative: bytes) -> bytes:
    return state_key(FEDERATION, Collection.IMPORT, cooperative)
