"""Officers of a cooperative in a story: their wallets, what they do in bodies, its own key."""

import secrets
import time
from dataclasses import dataclass, replace

from did.applications import sign_application
from did.wallets import Wallet, create_wallet
from governance.body_acts import BodyAct
from governance.body_records import Body, BodyKind
from governance.body_transactions import (
    Nominate,
    ProposeBodyAct,
    RevealSalt,
    SupportBodyAct,
    compute_body_motion_id,
)
from governance.count.ties import compute_commitment
from governance.state_keys import Collection, state_key
from governance.transactions import Payload
from ledger.rpc import EngineClient
from node.keystore import load_key
from node.member import Actor
from node.offices import make_salt, open_offices
from node.sending import Sender, read_state
from node.settings import load_settings
from testnet.community import Member, now_ms
from testnet.federation import FederationNode

STATEMENT_HASH = bytes([1]) * 32
"""What candidates say of themselves; nobody reads it here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """Somebody with an office account; of which member, nobody here knows."""

    actor: Actor
    node: FederationNode

    @property
    def account(self) -> bytes:
        """The office account's id."""
        return self.actor.wallet.account_id

    async def nominate(self, election: bytes) -> None:
        """Stand for election."""
        salt = make_salt(self.actor.wallet, election)
        payload = Nominate(
            cooperative=self._cooperative,
            proposal_id=election,
            statement_hash=STATEMENT_HASH,
            salt_commitment=compute_commitment(salt),
        )
        await self._act(payload)

    async def reveal(self, election: bytes) -> None:
        """Take part in the drawing of lots."""
        salt = make_salt(self.actor.wallet, election)
        await self._act(RevealSalt(cooperative=self._cooperative, proposal_id=election, salt=salt))

    async def ask(self, body: BodyKind, act: BodyAct) -> bytes:
        """Ask a body to do something; the motion's id."""
        payload = ProposeBodyAct(cooperative=self._cooperative, body=body, act=act)
        _, nonce = await self.actor.act(payload)
        return compute_body_motion_id(account=self.account, nonce=nonce, payload=payload)

    async def support(self, motion: bytes) -> None:
        """Support a motion of a body."""
        await self._act(SupportBodyAct(cooperative=self._cooperative, motion=motion))

    async def _act(self, payload: Payload) -> None:
        await self.actor.act(payload)

    @property
    def _cooperative(self) -> bytes:
        return self.actor.wallet.get_home().cooperative_id


async def make_officers(members: list[Member], *, chain_id: str) -> list[Officer]:
    """Give a cooperative's people wallets for offices, which its registrar opens.

    Args:
        members: Of one cooperative; as many officers as there are.
        chain_id: The chain's.
    """
    node = members[0].node
    wallets = [_make_wallet(members[0]) for _ in members]
    requests = [
        sign_application(
            key=wallet.device_key,
            inception=wallet.inception,
            cooperative_id=wallet.get_home().cooperative_id,
            name="",
            contact="",
            iat_s=int(time.time()),
            nonce=secrets.token_bytes(16),
        )
        for wallet in wallets
    ]
    settings = load_settings(node.home.settings_path, environ={})
    await open_offices(node.home, settings, requests, now_ms=now_ms)
    return [
        Officer(
            actor=Actor(wallet, node.client, chain_id=chain_id, now_ms=now_ms),
            node=node,
        )
        for wallet in wallets
    ]


async def read_body(node: FederationNode, cooperative: bytes, kind: BodyKind) -> Body:
    """Who sits in a body, as a node's own engine says."""
    key = state_key(cooperative, Collection.BODY, bytes([kind]))
    async with EngineClient(node.home.rpc_socket) as engine:
        data = await read_state(engine, key)
    return Body.decode(data) if data else Body(kind=kind)


def _make_wallet(member: Member) -> Wallet:
    return replace(create_wallet(random=secrets.token_bytes), home=member.wallet.home)


async def send_as_root(
    node: FederationNode, payload: Payload, *, chain_id: str, cooperative: bytes
) -> int:
    """Send a transaction with a cooperative's own key, which lies at its node; its nonce."""
    async with EngineClient(node.home.rpc_socket) as engine:
        sender = Sender(
            engine,
            chain_id=chain_id,
            account=cooperative,
            keys=[load_key(node.home.keys, "cooperative")],
            now_ms=now_ms,
        )
        await sender.send(payload)
        return sender.nonce
