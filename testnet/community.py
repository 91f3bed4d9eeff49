"""The people of the story: members with wallets, and registrars.

A member is a wallet file and an address; nothing else is shared between people and nodes.
Everything a node says about the ledger is proved here, offline, against the validators of
the genesis file.
"""

import functools
import secrets
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from did.jcs import JsonObject
from did.wallets import STRENGTH_TEST, Wallet, create_wallet, save_wallet
from governance.member_acts import MemberAct
from governance.proposal_records import Choice, ProposalKind
from governance.state_keys import Collection, state_key
from ledger.receipts import ReceiptKind, Verified, check_receipt, parse_receipt_object
from ledger.trust import TrustBundle
from node.member import Actor, Asked, apply_for_membership
from node.member_client import Committed
from node.registrar import admit_members
from node.settings import load_settings
from testnet.federation import FederationNode, LocalFederation
from testnet.story_checks import check, wait_until

_RECEIPT_TIMEOUT_S = 20.0
_ADMISSION_TIMEOUT_S = 30.0
PASSPHRASE = "only for test chains"  # noqa: S105 - these wallets protect nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """A proposal, as its author knows it."""

    proposal_id: bytes
    title: str
    node: FederationNode
    """Of the cooperative that it is before."""

    async def fetch(self, *, at: FederationNode) -> JsonObject:
        """The proposal as a node reports it; empty while it does not know it."""
        found = await at.client.find_proposal(self.proposal_id.hex())
        return {} if found is None else {**found}

    async def find_lag(self, stage: str, *, at: FederationNode | None = None) -> str | None:
        """Say that a node does not have the proposal at a stage yet, or none."""
        node = at or self.node
        if (await self.fetch(at=node)).get("stage") != stage:
            return f"{node.plan.name} does not report “{self.title}” as {stage}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedBallot:
    """A ballot and how long its author waited; seconds from handing it in."""

    final_s: float
    receipt_s: float


@dataclass(slots=True, kw_only=True)
class Member:
    """A person with a wallet."""

    label: str
    wallet: Wallet
    wallet_path: Path
    node: FederationNode
    actor: Actor
    trust: TrustBundle
    acknowledged: list[Committed] = field(default_factory=list)
    """Transactions that the member was told are final."""

    async def propose(
        self,
        text: str,
        *,
        kind: ProposalKind = ProposalKind.ORDINARY,
        subject: bytes = b"",
        act: MemberAct | None = None,
        voting_days: int = 0,
    ) -> Motion:
        """Put a motion before the cooperative."""
        asked = Asked(kind=kind, subject=subject, act=act)
        sent = await self.actor.propose(text, asked, voting_days=voting_days)
        self.acknowledged.append(sent.committed)
        return Motion(proposal_id=sent.proposal_id, title=text.splitlines()[0], node=self.node)

    async def vote(self, motion: Motion, choice: str | bytes) -> TimedBallot:
        """Cast a ballot and check its receipt, as it comes from the member's own node."""
        began_s = time.monotonic()
        said = choice if isinstance(choice, bytes) else Choice[choice.upper()]
        sent = await self.actor.vote(motion.proposal_id, said)
        final_s = time.monotonic() - began_s
        self.acknowledged.append(sent.committed)
        verified = await self._fetch_verified(
            f"ballot/{motion.proposal_id.hex()}/{sent.ballot_id.hex()}"
        )
        check(
            verified.ballot is not None and verified.ballot.ballot_id == sent.ballot_id,
            "the receipt is not about this ballot",
        )
        return TimedBallot(final_s=final_s, receipt_s=time.monotonic() - began_s)

    async def prove_account(self) -> Verified:
        """Fetch and check the proof that the account is on the ledger."""
        key = state_key(
            self.wallet.get_home().cooperative_id, Collection.ACCOUNT, self.wallet.account_id
        )
        return await self._fetch_verified(f"state/{key.hex()}")

    async def prove_counted(self, motion: Motion) -> Verified:
        """Fetch and check the proof that the member's ballot was counted."""
        ballot_id = self.actor.compute_ballot_id(motion.proposal_id)
        verified = await self._fetch_verified(
            f"counted/{motion.proposal_id.hex()}/{ballot_id.hex()}"
        )
        check(
            verified.kind is ReceiptKind.COUNTED
            and verified.ballot is not None
            and verified.ballot.ballot_id == ballot_id,
            "the receipt does not show that this ballot was counted",
        )
        return verified

    async def _fetch_verified(self, path: str) -> Verified:
        receipt = await self.node.client.fetch_receipt(path, timeout_s=_RECEIPT_TIMEOUT_S)
        verified = check_receipt(parse_receipt_object(receipt), trust=self.trust, now_ms=now_ms())
        self.trust = verified.trust
        return verified


class Community:
    """Everybody in a federation."""

    def __init__(self, federation: LocalFederation, *, directory: Path) -> None:
        self.members: list[Member] = []
        self._federation = federation
        self._directory = directory

    def members_of(self, node: FederationNode) -> list[Member]:
        """The members of one node's cooperative."""
        return [member for member in self.members if member.node is node]

    async def join(self, node: FederationNode) -> None:
        """Let people make wallets and apply, the registrar admit them, and wait until it is so."""
        count = self._federation.manifest.members
        applied = []
        for number in range(1, count + 1):
            wallet = create_wallet(random=secrets.token_bytes)
            label = f"{node.plan.name} member {number}"
            bound, application = await apply_for_membership(
                wallet,
                node.client,
                name=label,
                contact=f"member-{number}@{node.plan.host}",
                now_s=int(time.time()),
                random=secrets.token_bytes,
            )
            member = self._create_member(bound, label, node)
            save_wallet(
                member.wallet_path,
                bound,
                PASSPHRASE,
                random=secrets.token_bytes,
                strength=STRENGTH_TEST,
            )
            applied.append((member, application))
        settings = load_settings(node.home.settings_path, environ={})
        await admit_members(node.home, settings, None, now_ms=now_ms)
        for member, application in applied:
            await wait_until(
                functools.partial(_find_unadmitted, member, application),
                timeout_s=_ADMISSION_TIMEOUT_S,
            )
        self.members += [member for member, _ in applied]

    def create_stranger(self, node: FederationNode) -> Member:
        """A person with a wallet who never applied to the node's cooperative."""
        home = self.members_of(node)[0].wallet.home
        wallet = replace(create_wallet(random=secrets.token_bytes), home=home)
        return self._create_member(wallet, "somebody without an account", node)

    def create_intruder(self, member: Member, node: FederationNode) -> Member:
        """A member of one cooperative who tries to act in another."""
        wallet = replace(member.wallet, home=self.members_of(node)[0].wallet.home)
        return self._create_member(wallet, f"a member of {member.node.plan.name}", node)

    def _create_member(self, wallet: Wallet, label: str, node: FederationNode) -> Member:
        chain_id = self._federation.genesis.chain_id
        return Member(
            label=label,
            wallet=wallet,
            wallet_path=self._directory / f"{label.lower().replace(' ', '-')}.wallet",
            node=node,
            actor=Actor(wallet, node.client, chain_id=chain_id, now_ms=now_ms),
            trust=self._federation.genesis.trust,
        )


async def _find_unadmitted(member: Member, application: str) -> str | None:
    answer = await member.node.client.get_application(application)
    if answer["status"] != "admitted":
        return f"{member.label} is not admitted"
    check(
        answer["account"] == member.wallet.account_id.hex(),
        f"{member.label} was admitted as somebody else",
    )
    return None


def now_ms() -> int:
    """Wall clock."""
    return int(time.time() * 1_000)
