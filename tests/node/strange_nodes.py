"""A node that answers a wallet as a real one does, or as a test wants: real HTTP, no ledger.

It checks nothing that the wallet signs, and runs beside the test, since commands have a loop of
their own.
"""

import asyncio
import copy
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from did.consent.policies import CONSENT_TYPE, ConsentClaims, Grant, render_consent
from did.consent.terms import GranteeClass, Purpose, Resource
from did.jws import sign_jws
from did.keys import KeyPair, did_key_verification_method
from did.login.issuance import GRANT_TYPE
from node import exit_codes
from tests.node.terminal import Terminal

ORIGIN = "https://ash.test"
ID, HANDLE = "0a" * 16, "0b" * 16
NOW_S = 1_700_000_000
CONSENTS = "/api/v1/consents"
MANDATE = f"/api/v1/mandates/{HANDLE}"
NOTICES = "/api/v1/holders/me/notices"
STEERING = "\x1b]0;x\x07\n\x9b2J[/x][bold]"
"""Control characters, a line end, and markup that ends nothing and begins something."""
Answers = dict[str, Any]


def sign_grant(grant_id: str = ID) -> str:
    """A statement as a history holds it."""
    key = KeyPair(b"m" * 32)
    act = Grant(
        id=grant_id,
        grantee=GranteeClass.COOPERATIVE,
        purposes=(Purpose.HEALTH_RESEARCH,),
        resources=(Resource.RECORDS,),
        from_s=NOW_S,
        until_s=NOW_S + 1,
    )
    claims = ConsentClaims(cooperative="00" * 32, seq=1, iat=NOW_S, act=act)
    kid = did_key_verification_method(key.public_key)
    return sign_jws(render_consent(claims), key=key, kid=kid, typ=CONSENT_TYPE)


LOGIN: Answers = {
    "POST /oauth/par": {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    "GET /oauth/authorize": {"login": f"{ORIGIN}/login/t"},
    "GET /login/t": {
        "aud": ORIGIN,
        "nonce": "n",
        "client": "rochdale-wallet",
        "purpose": "login",
        "client_name": "Name",
        "answers_to": "https://app.test",
        "scopes": [{"allows": "See consents"}],
    },
    "POST /login/t": {"response_code": "0000-1111"},
    "GET /oauth/continue": {"form_token": "f"},
    "POST /oauth/token": {"access_token": "a.b-c", "refresh_token": "r"},
}
"""What a login takes, but for the redirect; every field is read."""
_GRANT = {
    "id": ID,
    "grantee": "class:federation",
    "purposes": ["DUO:0000006"],
    "resources": ["records"],
    "until_s": NOW_S,
}
_TERMS = {"purposes": ["DUO:0000006"], "resources": ["records"], "until_s": NOW_S}
_STANDING = {
    "seq": 1,
    "grants": [_GRANT],
    "mandates": [{"id": ID, "steward": "did:key:z6Mk", "handle": HANDLE}],
    "note": "Note",
}
_STEWARDSHIP = {
    "seq": 1,
    "mandate": {"id": ID, "steward": "did:key:z6Mk", **_TERMS},
    "grants": [_GRANT],
    "note": "Note",
}
_REQUEST = {
    "id": ID,
    "did": "did:key:z6Mk",
    "acts_for": "did:web:birch.test",
    "client_name": "Name",
    "until": "2026-01-01T00:00:00Z",
    "asked": [{"resource": "records", "name": "Records", "purposes": ["DUO:0000006"]}],
}
_ENTRY = {
    "number": 1,
    "at_ms": NOW_S * 1_000,
    "kind": "grant",
    "content": {"statement": sign_grant()},
}
PROTECTED: Answers = {
    "GET /api/v1/holders/me/export": {"format": "rochdale-holder-export/1", "name_box": ""},
    f"GET {CONSENTS}": {**_STANDING, "history": [_ENTRY]},
    f"GET {CONSENTS}?after=1": {**_STANDING, "history": []},
    f"POST {CONSENTS}": _STANDING,
    f"GET {CONSENTS}/receipts": {"periods": [{"period": 1, "closed_at_ms": NOW_S * 1_000}]},
    f"GET {CONSENTS}/receipts/1": {"version": 2, "chain_id": "test-a", "kind": "consents"},
    f"GET {CONSENTS}/requests": {"requests": [_REQUEST]},
    f"DELETE {CONSENTS}/requests/{ID}": {"refused": ID},
    f"GET {CONSENTS}/resources": {
        "resources": [
            {"id": ID, "resource": "records", "name": "Records", "server": "", "url": None}
        ]
    },
    f"GET {MANDATE}": _STEWARDSHIP,
    f"POST {MANDATE}/decisions": _STEWARDSHIP,
    f"GET {NOTICES}": {
        "notices": [{"number": 2, "at": "2026", "what": "opened", "detail": "Detail"}],
        "seen": 1,
    },
    f"POST {NOTICES}/seen": {"seen": 2},
    "GET /api/sessions": {
        "sessions": [{"id": ID, "client_id": "app", "until": "2026", "scope": "consents"}],
        "events": [{"at": "2026", "what": "used", "client_id": "app", "detail": "Detail"}],
    },
    f"DELETE /api/sessions/{ID}": {"ended": ID},
    "POST /api/credential-offers": {
        "credential_offer_uri": f"{ORIGIN}/openid4vci/offers/o",
        "tx_code": "123456",
    },
    "GET /openid4vci/offers/o": {"grants": {GRANT_TYPE: {"pre-authorized_code": "o"}}},
    "POST /openid4vci/nonce": {"c_nonce": "n"},
    "POST /openid4vci/credential": {"credentials": [{"credential": "a~b~"}]},
}
"""What is answered to who is logged in; a route's query stands with it where that matters."""
HASH, PROPOSAL_ID = "0c" * 32, "0d" * 32
TEXT = "Motion"
TEXT_HASH = hashlib.sha256(TEXT.encode()).hexdigest()
LISTS = f"/api/cooperatives/{HASH}"
_PROPOSAL = {
    "id": PROPOSAL_ID,
    "stage": "voting",
    "text_hash": TEXT_HASH,
    "discussion_ends_ms": NOW_S * 1_000,
}
_COMPLAINT = {
    "id": HASH,
    "about": "data_use",
    "is_serious": True,
    "text_hash": HASH,
    "step": "ethics_panel",
    "verdict": "settled",
    "answer_hash": HASH,
    "escalates_from_ms": NOW_S * 1_000,
    "ends_ms": NOW_S * 1_000,
}
_PETITION = {
    "id": HASH,
    "body": "ethics_panel",
    "office": HASH,
    "text_hash": HASH,
    "signatures_count": 1,
    "needed_count": 2,
    "lapses_at_ms": NOW_S * 1_000,
    "has_succeeded": True,
}
_MOTION = {
    "id": HASH,
    "body": "ethics_panel",
    "act": {"name": "FulfilDuty", "duty": "report"},
    "supporters": [HASH],
    "lapses_at_ms": NOW_S * 1_000,
    "is_done": False,
    "needed": "two_thirds",
}
_DUTY = {
    "duty": "impact_report",
    "body": "ethics_panel",
    "state": "missed",
    "misses": 2,
    "due_ms": NOW_S * 1_000,
    "grace_ends_ms": NOW_S * 1_000,
    "fulfilled_ms": NOW_S * 1_000,
    "text_hash": HASH,
}
PUBLIC: Answers = {
    "GET /api/status": {
        "chain_id": "test-a",
        "network": "test-a",
        "cooperative": HASH,
        "origin": ORIGIN,
    },
    "POST /api/applications": {"application": HASH},
    f"GET /api/applications/{HASH}": {"status": "pending", "account": HASH},
    "POST /api/transactions": {"hash": HASH},
    f"GET /api/transactions/{HASH}": {"height": 5, "code": 0, "name": "ok", "reason": ""},
    f"PUT /texts/{TEXT_HASH}": {},
    "GET /api/proposals": {"proposals": [_PROPOSAL], "next": None},
    f"GET /api/proposals/{PROPOSAL_ID}": _PROPOSAL,
    "GET /api/receipts/block/5": {"version": 2, "chain_id": "test-a", "kind": "block"},
    "GET /1.0/identifiers/did:key:z6Mk": {
        "didDocument": {"id": "did:key:z6Mk"},
        "didResolutionMetadata": {"proof": {}},
        "didDocumentMetadata": {
            "versionId": "1",
            "created": "2026",
            "updated": "2026",
            "deactivated": False,
        },
    },
    f"GET {LISTS}/duties": {"duties": [_DUTY]},
    f"GET {LISTS}/complaints": {"complaints": [_COMPLAINT]},
    f"GET {LISTS}/complaints/{HASH}": _COMPLAINT,
    f"GET {LISTS}/petitions": {"petitions": [_PETITION]},
    f"GET {LISTS}/petitions/{HASH}": _PETITION,
    f"GET {LISTS}/body-motions": {"body-motions": [_MOTION]},
}
"""What is answered to everybody."""


@dataclass
class StrangeNode:
    """Answers what stands in `answers`; each body may be replaced, or the whole answer made."""

    url: str = ""
    answers: Answers = field(
        default_factory=lambda: copy.deepcopy({**LOGIN, **PROTECTED, **PUBLIC})
    )
    made: dict[str, Callable[[], web.Response]] = field(default_factory=dict)
    cookie: str = "rochdale-login=s; Path=/"
    state: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        """Answer by method and path; to a path with a query of its own, by that too."""
        name = f"{request.method} {request.path}"
        if f"{name}?{request.query_string}" in self.answers:
            name = f"{name}?{request.query_string}"
        form = await request.post()
        self.state = str(form.get("state", self.state))
        if name in self.made:
            return self.made[name]()
        if name == "POST /oauth/decide":
            return self.redirect(code="c", iss=ORIGIN, state=self.state)
        if name == "POST /oauth/revoke":
            return web.Response()
        if name not in self.answers:
            return web.json_response({"reason": f"nothing at {name}"}, status=404)
        response = web.json_response(self.answers[name])
        if name == "GET /oauth/authorize" and self.cookie:
            response.headers["Set-Cookie"] = self.cookie
        return response

    def redirect(self, **query: str) -> web.Response:
        """Back to the application."""
        location = f"http://127.0.0.1/callback?{urlencode(query)}"
        return web.Response(status=303, headers={"Location": location})


@contextmanager
def run_strange_node() -> Iterator[StrangeNode]:
    """A node on a port of its own, in a thread of its own."""
    node, loop = StrangeNode(), asyncio.new_event_loop()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", node.handle)
    runner = web.AppRunner(app, access_log=None)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        node.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield node
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@asynccontextmanager
async def run_raw_server(data: bytes) -> AsyncIterator[str]:
    """What answers each request with these bytes, and hangs up; its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(data)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def check_told(member: Terminal) -> None:
    """One line says what happened and what to do; `Terminal` has looked for a traceback."""
    assert member.code == exit_codes.UNAVAILABLE, member.error
    assert member.error.count("\n") == 1
    assert "does not answer as a Rochdale node does" in member.error
    assert "use the version of `rochdale`" in member.error


def check_each_change(
    member: Terminal,
    node: StrangeNode,
    routes: Sequence[str],
    *,
    type_command: Callable[[], str],
    is_harmless: Callable[[str, str], bool],
) -> None:
    """Type a command once for each change of each answer that it reads.

    Args:
        member: Who types it.
        node: Where.
        routes: Whose answers are changed.
        type_command: Types it.
        is_harmless: Whether an honest node makes a change too, by the route and its words.
    """
    for route in routes:
        honest = node.answers[route]
        for what, body in list_changes(honest):
            node.answers[route] = body
            type_command()
            if is_harmless(route, what):
                assert member.code == exit_codes.OK, (route, what, member.error)
            else:
                assert member.code == exit_codes.UNAVAILABLE, (route, what, member.error)
                check_told(member)
        node.answers[route] = honest


def list_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something stands in a document, the whole included."""
    yield place
    rest = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else rest:
        yield from list_places(item, (*place, key))


def get_at(value: Any, place: tuple[Any, ...]) -> Any:
    """What stands there."""
    for key in place:
        value = value[key]
    return value


def replace_at(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """The document with something else there."""
    if not place:
        return new
    changed = copy.deepcopy(value)
    get_at(changed, place[:-1])[place[-1]] = new
    return changed


def drop_at(value: Any, place: tuple[Any, ...]) -> Any:
    """The document without what stands there."""
    changed = copy.deepcopy(value)
    del get_at(changed, place[:-1])[place[-1]]
    return changed


def list_changes(value: Any) -> Iterator[tuple[str, Any]]:
    """Each way in which one thing in a document is another: a key less, another kind of value.

    Gives what was changed, in words, and the changed document.
    """
    others: dict[type, list[Any]] = {
        str: [None, 7, {"x": "x"}],
        int: [None, "7", -1, 1.5, True],
        bool: [None, "x", 1],
        list: [None, "x", {"x": "x"}],
        dict: [None, "x", []],
        type(None): [7, []],
    }
    for place in list_places(value):
        for new in others[type(get_at(value, place))]:
            yield f"{place} is {json.dumps(new)}", replace_at(value, place, new)
        if place and isinstance(place[-1], str):
            yield f"{place} is missing", drop_at(value, place)
