"""Office accounts on the operator's and the officer's side: opening them, and their salts.

An officer's wallet is one of its own, made for it; its request goes to the registrar in
person, who sees to whom it belongs. The register keeps no copy: nothing here connects it with
a membership afterwards.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from config.limits import ADMISSIONS_PER_TX_MAX
from config.settings import Settings
from did.applications import check_application
from did.wallets import Wallet
from governance.body_transactions import OpenOffices
from governance.records import Role, compute_office_account_id
from ledger.rpc import EngineClient
from node.home import Home
from node.keystore import load_key
from node.own_cooperative import load_own_cooperative
from node.sending import Sender

_SALT_DOMAIN = b"rochdale/salt/v1"
_KEY_NAMES = {Role.ROOT: "cooperative", Role.REGISTRAR: "registrar"}


@asynccontextmanager
async def open_sender(
    home: Home, settings: Settings, *, role: Role, now_ms: Callable[[], int]
) -> AsyncIterator[Sender]:
    """Act with one of the cooperative's own accounts, whose key lies in a home.

    Args:
        home: Of a running node.
        settings: Of that home.
        role: Root or registrar.
        now_ms: Wall clock.

    Raises:
        MisconfiguredError: The key cannot be used, or the cooperative is no part of the chain.
    """
    cooperative = load_own_cooperative(home, settings).id
    key = load_key(home.keys, _KEY_NAMES[role])
    async with EngineClient(home.rpc_socket) as engine:
        yield Sender(
            engine,
            chain_id=settings.network.chain_id,
            account=compute_office_account_id(cooperative=cooperative, role=role),
            keys=[key],
            now_ms=now_ms,
        )


async def open_offices(
    home: Home, settings: Settings, requests: Sequence[str], *, now_ms: Callable[[], int]
) -> list[bytes]:
    """Give office accounts to those who asked with a signed request; the accounts.

    Args:
        home: Of a running node.
        settings: Of that home.
        requests: Applications by officers' wallets, as compact JWS.
        now_ms: Wall clock.

    Raises:
        RefusedError: A request does not hold, or the ledger refuses.
        UnavailableError: The node does not run, or no block came in time.
        MisconfiguredError: A key of the home cannot be used.
    """
    cooperative = load_own_cooperative(home, settings).id
    now_s = now_ms() // 1_000
    found = [check_application(item, cooperative_id=cooperative, now_s=now_s) for item in requests]
    async with open_sender(home, settings, role=Role.REGISTRAR, now_ms=now_ms) as sender:
        for start in range(0, len(found), ADMISSIONS_PER_TX_MAX):
            batch = found[start : start + ADMISSIONS_PER_TX_MAX]
            await sender.send(
                OpenOffices(
                    cooperative=cooperative,
                    inceptions=tuple(item.inception for item in batch),
                )
            )
    return [item.account_id for item in found]


def make_salt(wallet: Wallet, proposal_id: bytes) -> bytes:
    """The salt for lots that a wallet commits to in an election; 32 bytes.

    It follows from a signature that nobody else can make, so that the wallet need not remember
    it until it is revealed.

    Args:
        wallet: The candidate's office wallet.
        proposal_id: The election.
    """
    signature = wallet.device_key.sign(_SALT_DOMAIN + proposal_id)
    return hashlib.sha256(_SALT_DOMAIN + signature).digest()
