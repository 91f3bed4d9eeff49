"""The cooperative's root account in the federation: motions, its validator, its keys.

Runs in the operator's command, beside a running node: the root key is in no process that talks
to others. Every step is harmless to repeat, so a command that was interrupted is simply run
again.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from config.errors import RefusedError, UnavailableError
from config.settings import Settings
from governance.acts import FederalAct
from governance.charter import compute_approvals_needed
from governance.federal_records import Case, ConsensusKey, Motion, ValidatorSet
from governance.logs import CASES, MOTIONS
from governance.records import Account, Cooperative
from governance.state_keys import FEDERATION, Collection, state_key
from governance.transactions import (
    ApproveFederalAct,
    Payload,
    ProposeFederalAct,
    compute_motion_id,
)
from governance.validators import compute_validator_address
from ledger.rpc import EngineClient
from ledger.rpc_answers import TxResult
from node.home import Home
from node.keystore import load_key
from node.listing import read_listed
from node.own_cooperative import load_own_cooperative
from node.sending import Sender, read_state
from node.web.registry import KnownCooperative
from node.web.registry_reader import fetch_cooperatives

_PREFIX_DIGITS_MIN = 8
_POLL_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A motion that was put before the federation."""

    motion: bytes
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationView:
    """What the ledger holds of the federation now."""

    cooperatives: tuple[KnownCooperative, ...]
    motions: tuple[Motion, ...]
    """Newest first."""
    cases: tuple[Case, ...]
    """Accusations against validators; newest first."""

    @property
    def needed_count(self) -> int:
        """How many member cooperatives must approve a motion."""
        return compute_approvals_needed(
            members_count=sum(1 for item in self.cooperatives if item.is_member),
            validators_count=sum(1 for item in self.cooperatives if item.standing is not None),
        )

    def count_approvals(self, motion: Motion) -> int:
        """Approvals of a motion that count: those of members."""
        members = {item.id for item in self.cooperatives if item.is_member}
        return sum(1 for item in motion.approvals if item in members)

    def find_motion(self, text: str) -> Motion:
        """The motion whose id begins with some digits.

        Raises:
            RefusedError: None or several do.
        """
        found = [item for item in self.motions if item.id.hex().startswith(text.lower())]
        if len(text) < _PREFIX_DIGITS_MIN or len(found) != 1:
            raise RefusedError(
                f"{text} names no motion: give at least its first {_PREFIX_DIGITS_MIN} digits "
                "from `rochdale federation list`"
            )
        return found[0]

    def find_cooperative(self, text: str) -> KnownCooperative:
        """A cooperative by its name, its DID or the first digits of its id.

        Raises:
            RefusedError: None or several fit.
        """
        found = [
            item
            for item in self.cooperatives
            if text.casefold() == item.name.casefold()
            or text == item.did
            or (len(text) >= _PREFIX_DIGITS_MIN and item.id.hex().startswith(text.lower()))
        ]
        if len(found) != 1:
            raise RefusedError(
                f"{text} names no cooperative, or several: see `rochdale federation list`"
            )
        return found[0]


class RootOffice:
    """A root account at a running engine."""

    def __init__(self, engine: EngineClient, sender: Sender, *, cooperative: bytes) -> None:
        self.engine = engine
        self.cooperative = cooperative
        self._sender = sender

    async def propose(self, act: FederalAct) -> Proposed:
        """Put a motion before the federation; that approves it.

        Raises:
            RefusedError: The ledger refuses; says why.
            UnavailableError: The engine does not answer, or no block came in time.
        """
        payload = ProposeFederalAct(act=act)
        result = await self._sender.send(payload)
        motion = compute_motion_id(
            account=self.cooperative, nonce=self._sender.nonce, payload=payload
        )
        return Proposed(motion=motion, height=result.height)

    @property
    def nonce(self) -> int:
        """Of the last transaction, which ids are computed with."""
        return self._sender.nonce

    async def approve(self, motion: bytes) -> TxResult:
        """Approve a motion; errors as `propose`."""
        return await self.send(ApproveFederalAct(motion=motion))

    async def send(self, payload: Payload) -> TxResult:
        """Send any other act of the root; errors as `propose`."""
        return await self._sender.send(payload)

    async def read_own(self) -> Cooperative:
        """This cooperative's record.

        Raises:
            RefusedError: It is not registered.
            UnavailableError: The engine does not answer.
        """
        key = state_key(FEDERATION, Collection.COOPERATIVE, self.cooperative)
        data = await read_state(self.engine, key)
        if not data:
            raise RefusedError(
                "the federation has not admitted this cooperative, or the node has not caught up "
                "yet: see `rochdale status` and `rochdale federation list`"
            )
        return Cooperative.decode(data)

    async def read_account(self, account: bytes) -> Account:
        """The record of this cooperative's root or registrar."""
        key = state_key(self.cooperative, Collection.ACCOUNT, account)
        return Account.decode(await read_state(self.engine, key))

    async def read_consensus_key(self, public_key: bytes) -> ConsensusKey | None:
        """What the ledger knows of a validator's key."""
        address = compute_validator_address(public_key)
        key = state_key(FEDERATION, Collection.CONSENSUS_KEY, address)
        data = await read_state(self.engine, key)
        return ConsensusKey.decode(data) if data else None

    async def is_seated(self, public_key: bytes) -> bool:
        """Check if the engine was told to let a key sign."""
        data = await read_state(self.engine, state_key(FEDERATION, Collection.VALIDATORS, b""))
        return any(seat.consensus_key == public_key for seat in ValidatorSet.decode(data).seats)


@asynccontextmanager
async def open_office(
    home: Home, settings: Settings, *, now_ms: Callable[[], int], key_name: str = "cooperative"
) -> AsyncIterator[RootOffice]:
    """Use a home's root key at its running node.

    Args:
        home: Of a running node.
        settings: Of that home.
        now_ms: Wall clock.
        key_name: Which of the home's keys signs.

    Raises:
        MisconfiguredError: The key cannot be used, or the cooperative is no part of the chain.
    """
    cooperative = load_own_cooperative(home, settings).id
    key = load_key(home.keys, key_name)
    async with EngineClient(home.rpc_socket) as engine:
        sender = Sender(
            engine,
            chain_id=settings.network.chain_id,
            account=cooperative,
            keys=[key],
            now_ms=now_ms,
        )
        yield RootOffice(engine, sender, cooperative=cooperative)


async def fetch_federation(engine: EngineClient) -> FederationView:
    """Read cooperatives, motions and cases from the ledger's state.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    motions = await read_listed(engine, MOTIONS, limit=sys.maxsize)
    cases = await read_listed(engine, CASES, limit=sys.maxsize)
    return FederationView(
        cooperatives=tuple(await fetch_cooperatives(engine)),
        motions=tuple(map(Motion.decode, motions.records)),
        cases=tuple(map(Case.decode, cases.records)),
    )


async def wait_for_height(engine: EngineClient, height: int) -> None:
    """Wait until the engine has a block, over a restart of it too; the caller sets the deadline."""
    while True:
        with suppress(UnavailableError):
            await engine.wait_for_height(height)
            return
        await asyncio.sleep(_POLL_S)
