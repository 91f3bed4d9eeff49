"""Step 7: a member permits, revokes, and has a file that shows both to anybody, offline."""

import asyncio
import secrets
import time

from did.consent.policies import (
    CONSENT_TYPE,
    Act,
    ConsentClaims,
    Grant,
    Revocation,
    render_consent,
)
from did.consent.terms import GranteeClass, Purpose, Resource
from did.jcs import JsonObject
from did.jws import sign_jws
from federation.aggregate import count_records
from ledger.consent_words import describe_consent_entry, render_consent_entry
from ledger.receipts import ReceiptKind, Verified, check_receipt, parse_receipt_object
from node.answer_shapes import Standing
from node.consent_anchoring import anchor_consents
from node.consent_gate import find_permitted
from node.login_client import LoginClient
from node.registrar import open_register
from node.settings import load_settings
from testnet.community import Member, now_ms
from testnet.story import Story
from testnet.story_checks import check

_PATH = "/api/v1/consents"
_HOUR_S = 3_600
_ID_BYTES = 16


async def run(story: Story) -> None:
    """Permit, be counted, revoke, be counted no more, and prove it by the ledger's root."""
    member = story.community.members[0]
    origin = member.wallet.get_home().origin
    async with LoginClient(member.node.url, origin=origin) as client:
        await client.login(member.wallet, scopes=["consents", "consents.write"])
        grant = _make_grant()
        before = await asyncio.to_thread(_count, member)
        await _say(client, member, grant, seq=1)
        during = await asyncio.to_thread(_count, member)
        await _say(client, member, Revocation(id=grant.id), seq=2)
        after = await asyncio.to_thread(_count, member)
        check((before, during, after) == (0, 1, 0), "a consent was not heeded, or its end was not")
        settings = load_settings(member.node.home.settings_path, environ={})
        done = await anchor_consents(member.node.home, settings, now_ms=now_ms)
        receipt = await client.call("GET", f"{_PATH}/receipts/{done.anchor.period}", JsonObject)
        await client.logout()
    verified = _check(receipt, member)
    story.tell(f"{member.label} permits that records are counted, and revokes it: 0, 1, 0 counted")
    story.tell(
        f"one root of {len(done.anchor.root)} bytes is on the ledger; the receipt shows offline, "
        f"by block {verified.height}, what was granted and revoked"
    )


def _make_grant() -> Grant:
    now_s = int(time.time())
    return Grant(
        id=secrets.token_hex(_ID_BYTES),
        grantee=GranteeClass.COOPERATIVE,
        purposes=(Purpose.HEALTH_RESEARCH,),
        resources=(Resource.RECORDS,),
        from_s=now_s,
        until_s=now_s + _HOUR_S,
    )


async def _say(client: LoginClient, member: Member, act: Act, *, seq: int) -> None:
    wallet = member.wallet
    claims = ConsentClaims(
        cooperative=wallet.get_home().cooperative_id.hex(), seq=seq, iat=int(time.time()), act=act
    )
    statement = sign_jws(
        render_consent(claims), key=wallet.device_key, kid=wallet.login_method, typ=CONSENT_TYPE
    )
    await client.call("POST", _PATH, Standing, statement.encode())


def _count(member: Member) -> int:
    """Who of a file with one record of the member's an aggregate would count now."""
    with open_register(member.node.home) as store:
        holder = store.holders.find_by_did(member.wallet.login_did)
        check(holder is not None, f"{member.label} has no account")
        key = store.consents.compute_record_key(holder.id) if holder else ""
        permitted = find_permitted(
            store,
            cooperative_did=member.node.did,
            purpose=Purpose.HEALTH_RESEARCH,
            now_s=int(time.time()),
        )
    records = f"id,age,sex,dataset,num,holder\n1,55,Male,Own,1,{key}\n"
    return sum(count_records(records.encode(), site="Own", permitted=frozenset(permitted)))


def _check(receipt: JsonObject, member: Member) -> Verified:
    """As anybody does who has the file and believes the validators of the genesis file."""
    verified = check_receipt(parse_receipt_object(receipt), trust=member.trust, now_ms=now_ms())
    check(verified.kind is ReceiptKind.CONSENTS, "the receipt is about something else")
    entries = verified.consents.entries if verified.consents else ()
    said = [render_consent_entry(item).split("UTC: ")[1].split()[0] for item in entries]
    check(said == ["granted", "revoked"], f"the receipt shows {said}")
    signatures = [describe_consent_entry(item)["signature"] for item in entries]
    check(signatures == ["valid", "valid"], f"the member's statements are {signatures}")
    return verified
