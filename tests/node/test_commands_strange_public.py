"""What a member types, at any node whose public answers are nonsense: a sentence each time."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from config.errors import UnavailableError
from did.wallets import STRENGTH_TEST, Home, bind_wallet, create_wallet, save_wallet
from governance.proposal_records import Ballot, Choice, compute_ballot_id
from governance.state_keys import Collection, state_key
from ledger.receipts import ballot_key
from ledger.trust import write_trust_bundle
from node import exit_codes
from node.commands import receipts
from node.member_client import NodeClient
from tests.ledger import receipt_samples as samples
from tests.node.strange_nodes import (
    HASH,
    LISTS,
    ORIGIN,
    PROPOSAL_ID,
    PUBLIC,
    STEERING,
    TEXT,
    TEXT_HASH,
    StrangeNode,
    check_each_change,
    check_told,
    get_at,
    list_changes,
    list_places,
    replace_at,
    run_raw_server,
    run_strange_node,
)
from tests.node.terminal import PASSPHRASE, Terminal

WALLET = bind_wallet(
    create_wallet(random=lambda size: b"w" * size),
    Home(network="test-a", cooperative_id=bytes.fromhex(HASH), origin=ORIGIN),
)
DID = "did:key:z6Mk"
STATUS, SENT = "GET /api/status", f"GET /api/transactions/{HASH}"
VOTE = ("--wallet", "WALLET", "--receipt", "OUT")
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "propose": (
        ("wallet", "propose", "--wallet", "WALLET", TEXT),
        (STATUS, "POST /api/transactions", SENT, f"PUT /texts/{TEXT_HASH}"),
    ),
    "text": (
        ("wallet", "propose", "--wallet", "WALLET", TEXT, "--text-only"),
        (f"PUT /texts/{TEXT_HASH}",),
    ),
    "vote": (("wallet", "vote", PROPOSAL_ID, "yes", *VOTE), (f"GET /api/proposals/{PROPOSAL_ID}",)),
    "open": (("wallet", "vote", "yes", *VOTE), ("GET /api/proposals",)),
    "receipts": (("wallet", "receipts", "WALLET", "--trust", "TRUST"), ("GET /api/proposals",)),
    "apply": (("wallet", "apply", "WALLET"), (STATUS, "POST /api/applications")),
    "request": (("office", "request", "--wallet", "WALLET", "-o", "OUT"), (STATUS,)),
    "fetch": (("receipt", "fetch", "block", "5"), ("GET /api/receipts/block/5",)),
    "resolve": (("did", "resolve", DID), (f"GET /1.0/identifiers/{DID}",)),
    "duties": (("duty", "list"), (STATUS, f"GET {LISTS}/duties")),
    "complaints": (("complaint", "show"), (f"GET {LISTS}/complaints",)),
    "complaint": (("complaint", "show", HASH), (f"GET {LISTS}/complaints/{HASH}",)),
    "petitions": (("petition", "show"), (f"GET {LISTS}/petitions",)),
    "petition": (("petition", "show", HASH), (f"GET {LISTS}/petitions/{HASH}",)),
    "motions": (("office", "motions"), (f"GET {LISTS}/body-motions",)),
}
"""What is typed, and which answers are changed while it runs."""
HARMLESS = (
    ("GET /1.0/", "('didDocument',) is null"),  # of an account that has ended
    ("GET /1.0/", "('didDocument', 'id')"),  # shown as it is
    ("GET /1.0/", "('didResolutionMetadata', 'proof') is missing"),
    *(
        ("GET /1.0/", f"('didDocumentMetadata', '{name}') is missing")
        for name in ("versionId", "created", "updated", "deactivated")
    ),
    *(
        (f"GET {LISTS}/duties", f"('duties', 0, '{name}') is null")
        for name in ("due_ms", "grace_ends_ms", "fulfilled_ms", "text_hash")
    ),
    (f"GET {LISTS}/body-motions", "('body-motions', 0, 'act', 'duty')"),  # shown as it is
    ("GET /api/receipts", "('version',) is -1"),  # the check of a receipt says so
)
"""Changes that an honest node makes too, or that nobody reads: the beginnings of their texts."""


@pytest.fixture
def node() -> Iterator[StrangeNode]:
    """One that answers as it should, until a test changes that."""
    with run_strange_node() as running:
        yield running


@pytest.fixture
def member(member_terminal: Terminal, node: StrangeNode) -> Terminal:
    """Has a wallet, and whom to believe; the node has the receipt of this wallet's ballot."""
    root = member_terminal.root
    save_wallet(
        root / "a.wallet", WALLET, PASSPHRASE, random=secrets.token_bytes, strength=STRENGTH_TEST
    )
    (root / "trust.json").write_bytes(write_trust_bundle(samples.TRUST))
    node.answers.update(make_receipts())
    return member_terminal


def make_receipts(*, account: bytes | None = None) -> dict[str, Any]:
    """What the node shows without a trust file to check it by: a ballot, and the account."""
    proposal, own = bytes.fromhex(PROPOSAL_ID), WALLET.get_home().cooperative_id
    ballot = compute_ballot_id(proposal_id=proposal, account=WALLET.account_id)
    sample = samples.make_receipt(samples.PARAMETERS_KEY)
    cast = replace(
        sample,
        key=ballot_key(cooperative=own, proposal_id=proposal, ballot_id=ballot),
        value=Ballot(choice=Choice.YES).encode(),
    )
    key = state_key(own, Collection.ACCOUNT, WALLET.account_id)
    standing = replace(sample, key=key, value=account)
    return {
        f"GET /api/receipts/ballot/{PROPOSAL_ID}/{ballot.hex()}": cast.to_json(),
        f"GET /api/receipts/state/{key.hex()}": standing.to_json(),
    }


def type_command(member: Terminal, node: StrangeNode, name: str, *more: str) -> str:
    """Type it anew: without the files of the time before."""
    root = member.root
    (root / "out").unlink(missing_ok=True)
    places = {"WALLET": root / "a.wallet", "OUT": root / "out", "TRUST": root / "trust.json"}
    words = [places.get(word, word) for word in COMMANDS[name][0]]
    return member.type(*words, "--node", node.url, *more)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_what_it_is_for_at_an_honest_node(
    member: Terminal, node: StrangeNode, name: str
) -> None:
    """Or the tests below would show nothing."""
    if name == "receipts":  # which are checked: this wallet has none that holds
        for route in [route for route in node.answers if "/api/receipts/ballot" in route]:
            del node.answers[route]

    type_command(member, node, name)

    assert (member.code, member.error) == (exit_codes.OK, "")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_answer_that_a_command_reads_is_checked(
    member: Terminal, node: StrangeNode, name: str
) -> None:
    """A key less or another kind of value, anywhere, ends it in a sentence."""
    check_each_change(
        member,
        node,
        COMMANDS[name][1],
        type_command=lambda: type_command(member, node, name),
        is_harmless=lambda route, what: any(
            route.startswith(start) and what.startswith(text) for start, text in HARMLESS
        ),
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_no_object_is_told(member: Terminal, node: StrangeNode, name: str) -> None:
    """A page of a gateway, an empty answer, a list."""
    for route in COMMANDS[name][1]:
        for body in (b"<html>", b"", b"[]"):
            node.made[route] = lambda body=body: web.Response(body=body)
            type_command(member, node, name)
            check_told(member)
        del node.made[route]


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_that_a_node_says_steers_the_terminal(
    member: Terminal, node: StrangeNode, name: str
) -> None:
    """It is refused and not shown, or shown in plain text; never markup."""
    for route in COMMANDS[name][1]:
        honest = node.answers[route]
        for place in list_places(honest):
            if not isinstance(get_at(honest, place), str):
                continue
            node.answers[route] = replace_at(honest, place, get_at(honest, place) + STEERING)
            said = type_command(member, node, name)
            assert not {"\x1b", "\x07", "\x9b"} & set(said), place
            if member.code != exit_codes.OK:
                check_told(member)
                assert "[/x]" not in said
        node.answers[route] = honest


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("motions", ("body-motions", 0, "act", "duty")),
        ("resolve", ("didDocumentMetadata", "created")),
    ],
)
def test_words_of_any_kind_are_shown_as_they_are(
    member: Terminal, node: StrangeNode, name: str, place: tuple[Any, ...]
) -> None:
    """Without what would steer, and with what would be markup."""
    route = COMMANDS[name][1][-1]
    body = node.answers[route]
    node.answers[route] = replace_at(body, place, STEERING)

    assert "2J[/x][bold]" in type_command(member, node, name)
    assert member.code == exit_codes.OK


@pytest.mark.parametrize(
    ("name", "route", "place", "value"),
    [
        ("propose", STATUS, ("cooperative",), HASH[2:]),
        ("apply", STATUS, ("network",), "-"),
        ("apply", STATUS, ("chain_id",), "a" * 51),
        ("apply", STATUS, ("origin",), "ftp://ash.test"),
        ("duties", STATUS, ("cooperative",), "../../x"),
        ("propose", "POST /api/transactions", ("hash",), "../../x"),
        ("propose", SENT, ("height",), 1 << 53),
        ("propose", SENT, ("reason",), "x" * 10_000),
        ("vote", f"GET /api/proposals/{PROPOSAL_ID}", ("id",), HASH),
        ("vote", f"GET /api/proposals/{PROPOSAL_ID}", ("text_hash",), "../../x"),
        ("open", "GET /api/proposals", ("proposals", 0, "discussion_ends_ms"), 253_402_300_800_000),
        ("open", "GET /api/proposals", ("next",), "@birch.test/api/proposals"),
        ("open", "GET /api/proposals", ("next",), "/\n"),
        ("duties", f"GET {LISTS}/duties", ("duties", 0, "due_ms"), 253_402_300_800_000),
        ("complaints", f"GET {LISTS}/complaints", ("complaints", 0, "ends_ms"), 1 << 52),
        ("petition", f"GET {LISTS}/petitions/{HASH}", ("lapses_at_ms",), 1 << 52),
        ("petition", f"GET {LISTS}/petitions/{HASH}", ("id",), HASH[2:]),
        ("motions", f"GET {LISTS}/body-motions", ("body-motions", 0, "needed"), "a - at `$x`"),
    ],
)
def test_what_a_command_could_not_go_on_with_is_refused(
    *,
    member: Terminal,
    node: StrangeNode,
    name: str,
    route: str,
    place: tuple[Any, ...],
    value: Any,
) -> None:
    """Times that no calendar has, ids that would lead elsewhere, another proposal to vote on."""
    node.answers[route] = replace_at(node.answers[route], place, value)

    type_command(member, node, name)

    check_told(member)
    assert not (member.root / "out").exists()


def test_a_receipt_that_is_none_ends_a_vote_in_a_sentence(
    member: Terminal, node: StrangeNode
) -> None:
    """The proof does not hold: that is a refusal."""
    [route] = [name for name in node.answers if name.startswith("GET /api/receipts/ballot")]
    for what, body in list_changes({**node.answers[route], "proof": [], "commit": {}}):
        node.answers[route] = body
        type_command(member, node, "vote")
        assert member.code == (exit_codes.UNAVAILABLE if what[:2] == "()" else exit_codes.FAILED)
        assert member.error.count("\n") == 1


@pytest.mark.parametrize("value", [b"", b"\xc0", b"\x90", bytes(300)])
def test_an_account_that_is_none_is_no_defect_of_ours(
    member: Terminal, node: StrangeNode, value: bytes
) -> None:
    """Without a proof its bytes are the node's word."""
    node.answers.update(make_receipts(account=value))

    member.type("wallet", "status", member.root / "a.wallet", "--node", node.url)

    assert (member.code, member.error.count("\n")) == (exit_codes.FAILED, 1)


def test_how_far_an_application_is_is_checked(member: Terminal, node: StrangeNode) -> None:
    """It is one of few words."""
    asked = ("wallet", "status", member.root / "a.wallet", "--node", node.url)
    assert "waits for the registrar" in member.type(*asked, "--application", HASH)
    for what, body in list_changes(PUBLIC[f"GET /api/applications/{HASH}"]):
        node.answers[f"GET /api/applications/{HASH}"] = body
        member.type(*asked, "--application", HASH)
        assert member.code == exit_codes.UNAVAILABLE, what
        check_told(member)


def test_a_page_of_a_list_that_is_none_is_told(member: Terminal, node: StrangeNode) -> None:
    """Before its proof is looked at."""
    node.answers[f"GET /api/receipts/page/roll/{HASH}"] = {"version": 2}
    trust = ("--trust", member.root / "trust.json")

    member.type("ledger", "list", "roll", HASH, "--node", node.url, *trust)

    check_told(member)


@pytest.mark.parametrize(
    ("status", "body", "code", "sentence"),
    [
        (422, {"reason": f"no{STEERING}", "code": 7}, exit_codes.FAILED, "2J[/x][bold]"),
        (422, {}, exit_codes.FAILED, "status 422"),
        (422, {"reason": ["no"]}, exit_codes.UNAVAILABLE, "reason is no text"),
        (422, {"reason": "no", "code": "7"}, exit_codes.UNAVAILABLE, "code is no integer"),
        (422, [], exit_codes.UNAVAILABLE, "no JSON object"),
        (503, {"reason": f"busy{STEERING}"}, exit_codes.UNAVAILABLE, "busy"),
        (502, [], exit_codes.UNAVAILABLE, "does not answer as a node does (status 502)"),
    ],
)
def test_an_error_of_the_node_is_told_in_one_plain_line(
    *, member: Terminal, node: StrangeNode, status: int, body: Any, code: int, sentence: str
) -> None:
    """Also its words are somebody else's."""
    node.made["POST /api/transactions"] = lambda: web.json_response(body, status=status)

    assert sentence in type_command(member, node, "propose")
    assert (member.code, member.error.count("\n")) == (code, 1)
    assert not {"\x1b", "\x07", "\x9b"} & set(member.error)


def test_a_refusal_in_a_block_and_a_did_problem_are_told_in_plain_text(
    member: Terminal, node: StrangeNode
) -> None:
    """Words of the node that become an error's."""
    node.answers[SENT] |= {"code": 7, "reason": STEERING}
    problem = {"title": STEERING, "detail": STEERING}
    node.answers[f"GET /1.0/identifiers/{DID}"]["didResolutionMetadata"] = {"error": problem}
    for name in ("propose", "resolve"):
        assert "2J[/x][bold]" in type_command(member, node, name)
        assert (member.code, member.error.count("\n")) == (exit_codes.FAILED, 1)
        assert not {"\x1b", "\x07", "\x9b"} & set(member.error)


def test_a_receipt_is_waited_for_behind_a_gateway(
    member: Terminal, node: StrangeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the node begins, its gateway has a page of its own; a page as an answer ends it."""
    monkeypatch.setattr(receipts, "_RECEIPT_TIMEOUT_S", 5.0)
    route, pages = "GET /api/receipts/block/5", [b"<html>"]

    def answer() -> web.Response:
        if pages:
            return web.Response(body=pages.pop(), status=502)
        return web.json_response(PUBLIC[route])

    node.made[route] = answer
    type_command(member, node, "fetch")

    assert (member.code, pages) == (exit_codes.OK, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_no_answer(data: bytes) -> None:
    """Bytes that end early, lie about their length, or are something else."""
    async with run_raw_server(data) as url, NodeClient(url) as client:
        with pytest.raises(UnavailableError, match="does not answer"):
            await client.get_status()


def test_json_for_programs_steers_no_terminal_either(member: Terminal, node: StrangeNode) -> None:
    """JSON lets C1 control characters stand; they are escaped, and mean the same."""
    node.answers[f"GET {LISTS}/duties"]["duties"][0]["more"] = "\x7f\x80\x9b\x9f\xa0é"

    type_command(member, node, "duties", "--json")

    assert "\\u007f\\u0080\\u009b\\u009f\xa0é" in member.out
    assert json.loads(member.out)[0]["more"] == "\x7f\x80\x9b\x9f\xa0é"
