"""Pages and API over HTTP, with a ledger that is down: the node goes on and says so."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest

from did.applications import sign_application
from did.documents import parse_did_document
from did.wallets import create_wallet
from governance.body_records import Body, BodyKind
from governance.events import MembersAdmitted, ProposalSubmitted
from governance.proposal_records import ProposalKind
from governance.state_keys import Collection, state_key
from node.web import middlewares
from node.web.projection import ProjectedBlock
from node.web.publishing import publish_accepted

TEXT = "Plant trees <script>alert(1)</script>\nBehind the house."


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def propose(node: Any, text: str) -> bytes:
    """Let the read model know a proposal of the node's cooperative; its id."""
    own, height = node.context.registry.own.id, node.context.projection.height + 1
    digest = hashlib.sha256(text.encode()).digest()
    event = ProposalSubmitted(
        cooperative=own,
        proposal=digest[::-1],
        kind=ProposalKind.ORDINARY,
        proposer=bytes(32),
        text_hash=digest,
        subject=b"",
        bylaws_hash=bytes(32),
    )
    node.context.projection.apply_block(
        ProjectedBlock(height=height, time_ms=1_000, app_hash=bytes(32), events=(event,))
    )
    return digest[::-1]


def apply(node: Any) -> tuple[str, bytes]:
    """A signed application to the node's cooperative, and the account that it asks for."""
    wallet = create_wallet(random=secrets.token_bytes)
    jws = sign_application(
        key=wallet.device_key,
        inception=wallet.inception,
        cooperative_id=node.context.registry.own.id,
        name="Ada",
        contact="ada@example.org",
        iat_s=node.context.clock.now_s(),
        nonce=secrets.token_bytes(16),
    )
    return jws, wallet.account_id


class _Outline(HTMLParser):
    """What assistive technology relies on."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.scripts += tag == "script" or any(name.startswith("on") for name, _ in attrs)


@pytest.mark.parametrize("path", ["/", "/proposals/{proposal}", "/insights/unknown"])
async def test_a_page_has_landmarks_and_no_script(
    pair: Any, http: aiohttp.ClientSession, path: str
) -> None:
    """One h1, header, main and footer, captions on tables; works without JavaScript."""
    node, _ = pair
    proposal = propose(node, TEXT).hex()
    node.context.private.put_text(TEXT.encode())

    answer = await http.get(node.url + path.format(proposal=proposal))

    outline = _Outline()
    outline.feed(await answer.text())
    assert outline.tags.count("h1") == 1
    assert {"header", "main", "footer"} <= set(outline.tags)
    assert outline.tags.count("table") == outline.tags.count("caption")
    assert outline.scripts == 0
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_what_members_wrote_is_shown_as_text(pair: Any, http: aiohttp.ClientSession) -> None:
    """Markup in a proposal is escaped."""
    node, _ = pair
    proposal = propose(node, TEXT).hex()
    node.context.private.put_text(TEXT.encode())

    page = await (await http.get(f"{node.url}/proposals/{proposal}")).text()

    assert "&lt;script&gt;" in page
    assert "Behind the house." in page


async def test_the_page_says_that_the_own_ledger_is_down(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """With two validators ours is needed: then the chain stands still, and it is ours."""
    node, _ = pair
    early = await (await http.get(node.url)).text()
    node.context.chain.grew_at_s -= 60

    late = await (await http.get(node.url)).text()
    status = await (await http.get(f"{node.url}/api/status")).json()

    assert "own ledger does not answer" in early
    assert "stands still" in late
    assert "The ledger stands still: it waits for Ash" in late
    assert (status["stands_still"], status["missing"]) == (True, ["Ash"])


async def test_pages_say_up_to_which_block_they_are_and_when_that_is_behind(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """A block or two is the time that reading takes; more is told."""
    node, _ = pair
    propose(node, "A motion")
    height = node.context.projection.height
    node.context.chain.is_reachable = True
    texts = {}
    for behind in (0, 2, 3):
        node.context.chain.height = height + behind
        texts[behind] = await (await http.get(f"{node.url}/")).text()
        status = await (await http.get(f"{node.url}/api/status")).json()
        assert (status["height"], status["engine_height"]) == (height, height + behind)
        assert status["behind_blocks"] == behind

    assert all(f"as of block {height} of the ledger" in text for text in texts.values())
    said = ["behind the ledger" in text for text in texts.values()]
    assert said == [False, False, True]
    assert f"the ledger is at block {height + 3}" in texts[3]
    assert ["The ledger is working" in text for text in texts.values()] == [True, True, False]


async def test_the_page_names_the_missing_validator(pair: Any, http: aiohttp.ClientSession) -> None:
    """While our engine sees no block, it knows for whose vote it waits."""
    node, other = pair
    node.context.chain.is_reachable = True
    node.context.chain.grew_at_s -= 60
    node.context.chain.absent = (other.context.registry.own.validator_address,)

    page = await (await http.get(node.url)).text()

    assert "The ledger stands still: it waits for Birch" in page


async def test_an_application_waits_until_the_ledger_has_the_account(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """Admitted is what the roll says, not what the node says."""
    node, _ = pair
    jws, account = apply(node)

    taken = await http.post(f"{node.url}/api/applications", data=jws)
    path = f"{node.url}/api/applications/{(await taken.json())['application']}"
    before = await (await http.get(path)).json()
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
    after = await (await http.get(path)).json()

    assert taken.status == 202
    assert (before["status"], after["status"]) == ("pending", "admitted")
    assert after["account"] == account.hex()
    assert after["did"].startswith("did:rochdale:test-web:z")


async def test_refuses_an_application_to_another_cooperative(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """A signed application cannot be replayed elsewhere."""
    node, other = pair
    jws, _ = apply(other)

    answer = await http.post(f"{node.url}/api/applications", data=jws)

    assert answer.status == 422
    assert "another cooperative" in (await answer.json())["reason"]


async def test_a_text_is_taken_only_if_a_proposal_names_it(
    pair: Any, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node stores nothing that its members did not put before the cooperative."""
    node, _ = pair
    monkeypatch.setattr("node.web.routes_api._TEXT_TRIES", 1)
    path = f"{node.url}/texts/{hashlib.sha256(TEXT.encode()).hexdigest()}"

    unnamed = await http.put(path, data=TEXT.encode())
    propose(node, TEXT)
    wrong = await http.put(path, data=b"another text")
    taken = await http.put(path, data=TEXT.encode())
    served = await http.get(path)

    assert (unnamed.status, wrong.status, taken.status) == (422, 422, 204)
    assert await served.text() == TEXT
    assert served.content_type == "text/plain"


async def test_what_needs_the_ledger_is_unavailable_while_it_is_down(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """503 with a time to come back, never a crash."""
    node, _ = pair
    node.engine.is_down = True

    answers = [
        await http.post(f"{node.url}/api/transactions", data=b"x"),
        await http.get(f"{node.url}/api/receipts/state/00"),
        await http.get(f"{node.url}/ledger/status"),
        await http.get(f"{node.url}/readyz"),
    ]

    assert [answer.status for answer in answers] == [503, 503, 503, 503]
    assert all("Retry-After" in answer.headers for answer in answers[:3])
    assert (await http.get(f"{node.url}/livez")).status == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ledger/broadcast_tx_sync?tx=0x00", 404),
        ("/ledger/net_info", 404),
        ("/ledger/dial_peers", 404),
        ("/ledger/commit?height=x", 422),
        ("/ledger/commit?height=1&height=2", 422),
        ("/ledger/commit?unsafe=1", 422),
        ("/ledger/abci_query?path=../x", 422),
        ("/api/proposals/xyz", 422),
        ("/api/receipts/page/members", 422),
        ("/api/receipts/page/roll", 422),
        ("/api/receipts/page/roll/xyz", 422),
        ("/api/receipts/page/decisions?from=-1", 422),
        ("/api/receipts/page/decisions?limit=many", 422),
        ("/api/transactions/00", 422),
        ("/outbox?after=-1", 422),
        ("/nothing", 404),
    ],
)
async def test_refuses_what_is_not_served(
    pair: Any, http: aiohttp.ClientSession, path: str, status: int
) -> None:
    """Only named methods and well-formed parameters pass; the answer says what is wrong."""
    node, _ = pair

    answer = await http.get(node.url + path)

    assert answer.status == status
    assert (await answer.json())["reason"]


async def test_refuses_bodies_that_are_large_compressed_or_slow(
    pair: Any, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every inbound body has a size, a deadline, and is what it is."""
    node, _ = pair
    monkeypatch.setattr(middlewares, "HTTP_BODY_DEADLINE_S", 0.2)
    path = f"{node.url}/api/applications"

    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x"
            await asyncio.sleep(0.05)

    large = await http.post(path, data=b" " * 300_000)
    zipped = await http.post(path, data=b"{}", headers={"Content-Encoding": "gzip"})
    slow = await http.post(path, data=drip())

    assert (large.status, zipped.status, slow.status) == (413, 415, 408)


async def test_the_did_document_and_actor_show_the_keys_of_the_chain(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """What the cooperative says of itself agrees with what its founders signed."""
    node, _ = pair
    own = node.context.registry.own

    document = await http.get(f"{node.url}/.well-known/did.json")
    actor = await (await http.get(f"{node.url}/actor")).json(content_type=None)

    parsed = parse_did_document(await document.read(), did=own.did)
    assertion = parsed.get_key(f"{own.did}#assertion", purpose="assertionMethod")
    assert assertion.public_key == own.assertion_key
    assert parsed.methods[f"{own.did}#root"].public_key == own.root_key
    assert own.did in actor["alsoKnownAs"]


async def test_webfinger_and_nodeinfo_lead_to_the_actor(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """Other software finds the one actor, and no member."""
    node, _ = pair

    found = await http.get(
        f"{node.url}/.well-known/webfinger", params={"resource": "acct:cooperative@ash.test"}
    )
    missing = await http.get(
        f"{node.url}/.well-known/webfinger", params={"resource": "acct:ada@ash.test"}
    )
    info = await (await http.get(f"{node.url}/nodeinfo/2.1")).json()

    assert (await found.json(content_type=None))["links"][0]["href"] == node.context.actor
    assert missing.status == 404
    assert info["usage"]["users"]["total"] == 1


async def test_an_insight_is_a_page_or_a_document(pair: Any, http: aiohttp.ClientSession) -> None:
    """Browsers get a table; software that asks for JSON gets what was signed."""
    node, _ = pair
    digest = node.draft_insight()
    node.learn(node.decide(digest))
    await publish_accepted(node.context)

    page = await http.get(f"{node.url}/insights/{digest.hex()}", headers={"Accept": "text/html"})
    document = await http.get(
        f"{node.url}/insights/{'ab' * 16}", headers={"Accept": "application/activity+json"}
    )
    overview = await (await http.get(node.url)).text()

    assert "Heart disease by age and sex" in await page.text()
    assert (await document.json(content_type=None))["proof"]["cryptosuite"] == "eddsa-jcs-2022"
    assert "Released by our own members" in overview


async def test_bodies_say_when_nobody_was_found_for_them(
    pair: Any, http: aiohttp.ClientSession
) -> None:
    """Members read that they are asked to stand."""
    node, _ = pair
    own = node.context.registry.own.id
    body = Body(kind=BodyKind.OUTREACH, failed_calls_count=2)
    node.engine.state[state_key(own, Collection.BODY, bytes([body.kind]))] = body.encode()

    page = await (await http.get(f"{node.url}/bodies")).text()
    answer = await (await http.get(f"{node.url}/api/cooperatives/{own.hex()}/bodies")).json()

    assert page.count("The last 2 elections of it found too few candidates or voters") == 1
    failed = {item["body"]: item["failed_elections"] for item in answer["bodies"]}
    assert failed["outreach"] == sum(failed.values()) == 2
