"""Sign-up, export, notices, erasure, and what the page says."""

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import aiohttp
import msgspec
import pytest

from config.settings import RegisterSection
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method
from did.sealing import compute_box_key, find_box_secret, open_box
from did.sign_ups import SIGN_UP_TYPE, SignUpClaims, render_sign_up
from governance.events import MembersAdmitted
from node.web.erasure import replay_erasures
from node.web.holder_export import HolderExport
from node.web.projection import ProjectedBlock
from node.web.register_log import LogEvent
from node.web.sign_ups import put_invitation
from tests.node.web.callers import Caller

REGISTRARS = [b"1" * 32, b"2" * 32]
WALLET = KeyPair(b"w" * 32)
DID = did_key(WALLET.public_key)


def set_policy(node: Any, policy: str) -> None:
    context = node.context
    context.settings = replace(context.settings, register=RegisterSection(sign_up=policy))


@pytest.fixture
def node(pair: Any) -> Any:
    """A node whose cooperative takes anybody."""
    first = pair[0]
    set_policy(first, "open")
    first.context.private.names.set_registrars([compute_box_key(item) for item in REGISTRARS])
    return first


def sign(node: Any, key: KeyPair = WALLET, *, signer: KeyPair | None = None, **changes: Any) -> str:
    claims = SignUpClaims(
        **{
            "cooperative": node.context.registry.own.id.hex(),
            "name": "Ann Example",
            "contact": "ann@mail.example",
            "iat": node.context.clock.now_s(),
            "nonce": secrets.token_hex(16),
            **changes,
        }
    )
    kid = did_key_verification_method(key.public_key)
    return sign_jws(render_sign_up(claims), key=signer or key, kid=kid, typ=SIGN_UP_TYPE)


async def send(node: Any, statement: str) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{node.url}/api/v1/holders", data=statement) as response,
    ):
        return response.status, await response.read()


async def enrol(node: Any) -> bytes:
    """Sign Ann up; her id."""
    assert (await send(node, sign(node)))[0] == 202
    holder = node.context.private.holders.find_by_did(DID)
    assert holder is not None
    return bytes(holder.id)


async def test_whoever_signs_up_has_an_account_without_being_a_member(node: Any) -> None:
    """Found by the DID; the name lies elsewhere."""
    holder_id = await enrol(node)

    holder = node.context.private.holders.get(holder_id)
    assert holder.account is None
    assert [item.name for item in node.context.private.names.list_names(REGISTRARS[0])] == [
        "Ann Example"
    ]


async def test_the_answer_does_not_tell_who_had_an_account(node: Any) -> None:
    """Byte for byte the same, and nothing was changed."""
    first = await send(node, sign(node))
    second = await send(node, sign(node, name="Eve"))

    assert first == second
    assert len(node.context.private.names.list_entries()) == 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda node: sign(node, signer=KeyPair(b"x" * 32)), b"signature"),
        (lambda node: sign(node, cooperative="00" * 32), b"another cooperative"),
        (lambda node: sign(node, iat=1), b"stale"),
        (lambda _: "", b"compact JWS"),
        (lambda _: "x" * 9_000, b"compact JWS"),
        (lambda _: "\u00e9", b"compact JWS"),
        (lambda node: sign(node).replace(".", "!", 1), b"three parts"),
    ],
)
async def test_refuses_what_the_did_did_not_sign(
    node: Any, make: Callable[[Any], str], sentence: bytes
) -> None:
    """Nobody opens an account in another's name."""
    status, told = await send(node, make(node))

    assert status == 422
    assert sentence in told
    assert node.context.private.holders.list_ids() == []


async def test_an_invitation_serves_one_person_once(node: Any) -> None:
    """Where the cooperative asks for one."""
    set_policy(node, "invited")
    context = node.context
    now_ms = context.clock.now_ms()
    put_invitation(context.private.connection, "welcome", until_ms=now_ms + 60_000, now_ms=now_ms)
    put_invitation(context.private.connection, "too late", until_ms=now_ms, now_ms=now_ms - 1)

    statuses = [
        (await send(node, sign(node, KeyPair(bytes([number]) * 32), invitation=code)))[0]
        for number, code in enumerate(("", "too late", "welcome", "welcome"))
    ]

    assert statuses == [422, 422, 202, 422]


async def test_a_closed_register_takes_nobody(node: Any) -> None:
    """Said before anything is looked at."""
    set_policy(node, "closed")

    status, told = await send(node, "not even a statement")

    assert status == 422
    assert b"no sign-ups" in told


async def test_nobody_is_taken_before_registrars_are_named(pair: Any) -> None:
    """And no half of a person stays behind."""
    node = pair[1]
    set_policy(node, "open")

    assert (await send(node, sign(node)))[0] == 503
    assert node.context.private.holders.list_ids() == []


async def test_an_address_cannot_sign_up_without_end(node: Any) -> None:
    """Sixty a minute; the answer says to come back."""
    statuses = [(await send(node, "a.b.c"))[0] for _ in range(62)]

    assert statuses[0] == 422
    assert statuses[-1] == 503


async def test_a_holder_takes_everything_away(node: Any) -> None:
    """Readable by machines, after a published schema; the name opens in their own wallet."""
    holder_id = await enrol(node)
    caller = Caller(node, holder_id, "export")

    status, told = await caller.call("GET", "/api/v1/holders/me/export")

    assert status == 200
    found = msgspec.convert(told, HolderExport)
    assert (found.holder, found.dids, found.account) == (holder_id.hex(), [DID], "")
    box = open_box(bytes.fromhex(found.name_box), secret=find_box_secret(WALLET))
    assert json.loads(box)["contact"] == "ann@mail.example"
    assert [row["client_id"] for row in found.tables["login_grants"]] == ["an-app"]
    assert found.tables["login_events"][0]["what"] == "used"
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{node.url}/api/v1/holders/export.schema.json") as response,
    ):
        schema = await response.json(content_type=None)
    assert set(schema["$defs"]["HolderExport"]["required"]) == set(told)


async def test_an_export_holds_no_secret_and_nobody_else(node: Any) -> None:
    """Neither hashes of tokens nor another's rows."""
    holder_id = await enrol(node)
    other = node.context.private.holders.create("did:web:bob.example")
    Caller(node, other.id, "export secret-of-bob")

    _, told = await Caller(node, holder_id, "export").call("GET", "/api/v1/holders/me/export")

    text = json.dumps(told)
    assert "bob" not in text
    assert "refresh" not in text
    assert "jkt" not in text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/holders/me/export"),
        ("GET", "/api/v1/holders/me/notices"),
        ("POST", "/api/v1/holders/me/erasure"),
        ("POST", "/api/v1/holders/me/objection"),
    ],
)
async def test_nobody_gets_at_another_person(node: Any, method: str, path: str) -> None:
    """Without a token, or with one for something else."""
    holder_id = await enrol(node)
    async with aiohttp.ClientSession() as session:
        bare = await session.request(method, node.url + path)
        assert bare.status == 401
    assert (await Caller(node, holder_id, "records").call(method, path))[0] == 403
    assert node.context.private.holders.get(holder_id) is not None


async def test_a_holder_reads_who_looked(node: Any) -> None:
    """What concerns them, and what concerns everybody."""
    holder_id = await enrol(node)
    log = node.context.private.log
    log.add(LogEvent.INSPECTED, at_ms=1, detail="by law")
    log.add(LogEvent.OPENED, at_ms=2, detail="a court asked", holder_id=holder_id)

    _, told = await Caller(node, holder_id, "profile").call("GET", "/api/v1/holders/me/notices")

    assert [item["what"] for item in told["notices"]] == ["opened", "inspected"]
    assert told["notices"][0]["detail"] == "a court asked"


async def test_a_holder_stops_a_login_that_is_not_theirs(node: Any) -> None:
    """With the one they have, before the other holds."""
    holder_id = await enrol(node)
    later_ms = node.context.clock.now_ms() + 60_000
    node.context.private.holders.bind_did(holder_id, "did:web:eve.example", from_ms=later_ms)
    caller = Caller(node, holder_id, "profile.write")

    assert await caller.call("POST", "/api/v1/holders/me/objection") == (200, {"stopped": True})
    assert (await caller.call("POST", "/api/v1/holders/me/objection"))[0] == 422
    assert node.context.private.holders.get(holder_id).dids == (DID,)


async def test_a_holder_is_erased_with_their_name(node: Any) -> None:
    """Their wallet knows the entry; their tokens end with them."""
    holder_id = await enrol(node)
    (entry,) = node.context.private.names.list_entries()
    caller = Caller(node, holder_id, "erasure")

    told = await caller.call(
        "POST", "/api/v1/holders/me/erasure", body=b'{"entry":"%s"}' % entry.hex().encode()
    )

    assert told == (200, {"account_erased": True, "name_erased": True})
    private = node.context.private
    assert private.holders.find_by_did(DID) is None
    assert private.names.list_entries() == []
    assert private.connection.execute("SELECT COUNT(*) FROM login_grants").fetchone()[0] == 0
    assert (await caller.call("POST", "/api/v1/holders/me/erasure"))[0] == 401
    assert replay_erasures(private, node.context.erasures, now_ms=0) == 0


@pytest.mark.parametrize("body", [b'{"entry":"%s"}' % (b"0" * 32), b"[]", b"x" * 300, b'{"a":1}'])
async def test_a_wrong_entry_erases_nobody(node: Any, body: bytes) -> None:
    """Neither the caller nor somebody else."""
    holder_id = await enrol(node)

    told = await Caller(node, holder_id, "erasure").call(
        "POST", "/api/v1/holders/me/erasure", body=body
    )

    assert told[0] == 422
    assert node.context.private.holders.get(holder_id) is not None
    assert len(node.context.private.names.list_entries()) == 1


async def test_a_member_leaves_before_being_erased(node: Any) -> None:
    """The roll is on the ledger."""
    holder_id = await enrol(node)
    account = b"a" * 32
    node.context.private.holders.set_account(holder_id, account, did="did:rochdale:x:z1")
    admitted = MembersAdmitted(
        cooperative=node.context.registry.own.id,
        accounts=(account,),
        epoch=1,
        active_count=1,
        roll_root=bytes(32),
    )
    node.context.projection.apply_block(
        ProjectedBlock(height=1, time_ms=1, app_hash=bytes(32), events=(admitted,))
    )

    status, told = await Caller(node, holder_id, "erasure").call(
        "POST", "/api/v1/holders/me/erasure"
    )

    assert status == 422
    assert "leave the cooperative first" in told["reason"]


async def test_the_page_says_what_operators_can_link(node: Any) -> None:
    """And who looked, without saying at whom."""
    holder_id = await enrol(node)
    log = node.context.private.log
    log.add(LogEvent.OPENED, at_ms=2, detail="a court asked", holder_id=holder_id)
    log.add(LogEvent.BOUND, at_ms=3, detail="", holder_id=holder_id)

    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{node.url}/register") as response,
    ):
        page = await response.text()

    assert "What the operators of this node can link" in page
    assert "Two registrars opened the link" in page
    assert log.get_head()[1].hex() in page
    assert "court" not in page
    assert holder_id.hex() not in page
