"""Votes on options, as members and officers bring them about: elections, and a budget."""

import hashlib
import secrets
import time
from dataclasses import replace

from did.applications import sign_application
from did.wallets import Wallet, create_wallet
from governance.body_records import BodyKind
from governance.body_transactions import Nominate
from governance.count.ties import compute_commitment
from governance.member_acts import ElectBody, FundItems, MemberAct
from governance.proposal_records import ProposalKind
from node.member import Actor, Asked
from node.member_client import NodeClient
from node.offices import make_salt, open_offices
from node.settings import load_settings
from testnet.community import now_ms
from tests.browser.acting import VOTING_DAYS, run_beside, wait_for_stage
from tests.browser.site import Site


def open_office_wallets(site: Site, count: int) -> list[Wallet]:
    """Wallets with office accounts; a cooperative has no more of them than members."""
    return list(run_beside(_open_offices(site, count)))


def call_election(site: Site, title: str, body: BodyKind, officers: list[Wallet]) -> str:
    """Members are to elect a body, for which all these stand; its id, once it takes ballots."""
    return str(run_beside(_call_election(site, title, body, officers)))


def call_budget(site: Site, title: str, items: list[str]) -> str:
    """Members are to share a pool; the text has a line for each item, whose hash is its id."""
    hashes = sorted(hashlib.sha256(item.encode()).digest() for item in items)
    act = FundItems(items=tuple(hashes), pool_minor=90_000, cap_minor=0)
    return str(run_beside(_call_budget(site, "\n".join([title, "", *items]), act)))


async def _call_budget(site: Site, text: str, act: FundItems) -> str:
    async with NodeClient(site.origin) as client:
        proposal = await _propose(site, client, text, kind=ProposalKind.BUDGET, act=act)
        await wait_for_stage(client, proposal, "voting")
        return proposal


async def _open_offices(site: Site, count: int) -> list[Wallet]:
    wallets = [_make_officer(site) for _ in range(count)]
    settings = load_settings(site.home.settings_path, environ={})
    requests = [_ask_for_office(wallet) for wallet in wallets]
    await open_offices(site.home, settings, requests, now_ms=now_ms)
    return wallets


async def _call_election(site: Site, title: str, body: BodyKind, officers: list[Wallet]) -> str:
    async with NodeClient(site.origin) as client:
        chain_id = str((await client.get_status())["chain_id"])
        act = ElectBody(body=body)
        proposal = await _propose(site, client, title, kind=ProposalKind.ELECTION, act=act)
        await wait_for_stage(client, proposal, "nomination")
        for wallet in officers:
            actor = Actor(wallet, client, chain_id=chain_id, now_ms=now_ms)
            await actor.act(_stand(wallet, bytes.fromhex(proposal)))
        await wait_for_stage(client, proposal, "voting")
        return proposal


async def _propose(
    site: Site, client: NodeClient, text: str, *, kind: ProposalKind, act: MemberAct
) -> str:
    chain_id = str((await client.get_status())["chain_id"])
    actor = Actor(site.members[0].wallet, client, chain_id=chain_id, now_ms=now_ms)
    asked = Asked(kind=kind, act=act)
    sent = await actor.propose(text, voting_days=VOTING_DAYS, asked=asked)
    return sent.proposal_id.hex()


def _make_officer(site: Site) -> Wallet:
    return replace(create_wallet(random=secrets.token_bytes), home=site.members[0].wallet.home)


def _ask_for_office(wallet: Wallet) -> str:
    return sign_application(
        key=wallet.device_key,
        inception=wallet.inception,
        cooperative_id=wallet.get_home().cooperative_id,
        name="",
        contact="",
        iat_s=int(time.time()),
        nonce=secrets.token_bytes(16),
    )


def _stand(wallet: Wallet, election: bytes) -> Nominate:
    return Nominate(
        cooperative=wallet.get_home().cooperative_id,
        proposal_id=election,
        statement_hash=bytes([1]) * 32,
        salt_commitment=compute_commitment(make_salt(wallet, election)),
    )
