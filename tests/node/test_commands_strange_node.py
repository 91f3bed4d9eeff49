"""What a member types, at a node that answers nonsense: a sentence and exit code 3 each time."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from aiohttp import web

from config import did_limits
from did.wallets import STRENGTH_TEST, Home, bind_wallet, create_wallet, save_wallet
from node import exit_codes
from tests.node.strange_nodes import (
    CONSENTS,
    HANDLE,
    ID,
    LOGIN,
    MANDATE,
    NOTICES,
    ORIGIN,
    PROTECTED,
    STEERING,
    StrangeNode,
    check_each_change,
    check_told,
    get_at,
    list_places,
    replace_at,
    run_strange_node,
    sign_grant,
)
from tests.node.terminal import PASSPHRASE, Terminal

PURPOSE = ("--purpose", "DUO:0000006")
STEWARD = ("--steward", "did:key:z6Mk")
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "export": (("export", "WALLET", "-o", "OUT"), ("GET /api/v1/holders/me/export",)),
    "credentials": (
        ("credentials", "WALLET", "-o", "OUT"),
        ("POST /api/credential-offers", "POST /openid4vci/credential"),
    ),
    "login": (
        ("login", "WALLET", f"{ORIGIN}/login/t", "--yes"),
        ("GET /login/t", "POST /login/t"),
    ),
    "sessions": (
        ("sessions", "WALLET", "--end", ID),
        (f"DELETE /api/sessions/{ID}", "GET /api/sessions"),
    ),
    "notices": (
        ("notices", "WALLET", "--seen"),
        (f"GET {NOTICES}", f"POST {NOTICES}/seen"),
    ),
    "list": (("consents", "list", "WALLET"), (f"GET {CONSENTS}",)),
    "grant": (("consents", "grant", "WALLET", *PURPOSE), (f"POST {CONSENTS}",)),
    "mandate": (("consents", "mandate", "WALLET", *STEWARD, *PURPOSE), (f"POST {CONSENTS}",)),
    "revoke": (("consents", "revoke", "WALLET", ID), (f"POST {CONSENTS}",)),
    "receipts": (
        ("consents", "receipts", "WALLET", "-o", "DIR"),
        (f"GET {CONSENTS}/receipts", f"GET {CONSENTS}/receipts/1"),
    ),
    "fhir": (
        ("consents", "export", "WALLET", "-o", "OUT"),
        (f"GET {CONSENTS}", f"GET {CONSENTS}?after=1"),
    ),
    "requests": (("consents", "requests", "WALLET"), (f"GET {CONSENTS}/requests",)),
    "resources": (("consents", "resources", "WALLET"), (f"GET {CONSENTS}/resources",)),
    "permit": (("consents", "answer", "WALLET", ID, "--grant"), (f"GET {CONSENTS}/requests",)),
    "refuse": (
        ("consents", "answer", "WALLET", ID, "--refuse"),
        (f"DELETE {CONSENTS}/requests/{ID}",),
    ),
    "show": (("mandates", "show", "WALLET", HANDLE), (f"GET {MANDATE}",)),
    "decide": (
        ("mandates", "decide", "WALLET", HANDLE, *PURPOSE),
        (f"GET {MANDATE}", f"POST {MANDATE}/decisions"),
    ),
}
"""What is typed, and which answers it reads after the login."""
HARMLESS = (
    ("POST /api/v1/mandates/", "('mandate',) is missing"),  # it has ended meanwhile
    ("POST /api/v1/mandates/", "('grants',) is missing"),
    ("POST /api/v1/mandates/", "('seq',) is missing"),
    (f"GET {CONSENTS}", "'statement') is missing"),  # not every entry has one
    (f"GET {CONSENTS}/receipts/1", "('version',) is -1"),  # the check of a receipt says so
    (
        "POST /openid4vci/credential",
        '\'credential\') is {"x": "x"}',
    ),  # a credential with a data integrity proof
)
"""Changes that an honest node makes too, by the route's and the change's text."""


@pytest.fixture
def node() -> Iterator[StrangeNode]:
    """One that answers as it should, until a test changes that."""
    with run_strange_node() as running:
        yield running


@pytest.fixture
def member(member_terminal: Terminal) -> Terminal:
    """Has a wallet of ash, and a directory for receipts."""
    home = Home(network="test-a", cooperative_id=bytes(32), origin=ORIGIN)
    made = bind_wallet(create_wallet(random=secrets.token_bytes), home)
    path = member_terminal.root / "a.wallet"
    save_wallet(path, made, PASSPHRASE, random=secrets.token_bytes, strength=STRENGTH_TEST)
    (member_terminal.root / "kept").mkdir()
    return member_terminal


def type_command(member: Terminal, node: StrangeNode, name: str, *more: str) -> str:
    """Type it anew: without the files of the time before."""
    root = member.root
    for file in (root / "out", *(root / "kept").iterdir()):
        file.unlink(missing_ok=True)
    places = {"WALLET": root / "a.wallet", "OUT": root / "out", "DIR": root / "kept"}
    words = [places.get(word, word) for word in COMMANDS[name][0]]
    return member.type("wallet", *words, "--node", node.url, *more)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_what_it_is_for_at_an_honest_node(
    member: Terminal, node: StrangeNode, name: str
) -> None:
    """Or the tests below would show nothing."""
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
            route.startswith(start) and what.endswith(end) for start, end in HARMLESS
        ),
    )


@pytest.mark.parametrize("route", sorted({**LOGIN, **PROTECTED}))
@pytest.mark.parametrize("kind", ["page", "nothing", "list"])
def test_what_is_no_object_is_told_by_whoever_asks(
    member: Terminal, node: StrangeNode, route: str, kind: str
) -> None:
    """A page of a gateway, an empty answer, a list; also at each step of the login."""
    bodies = {"page": ("<html>", "text/html"), "nothing": ("", "application/json")}
    body, content_type = bodies.get(kind, ("[]", "application/json"))
    node.made[route] = lambda: web.Response(text=body, content_type=content_type)
    name = next((name for name in COMMANDS if route in COMMANDS[name][1]), "credentials")
    if route == f"GET {CONSENTS}?after=1":
        name = "fhir"

    type_command(member, node, name)

    check_told(member)


@pytest.mark.parametrize(
    ("name", "route", "place", "value"),
    [
        ("list", f"GET {CONSENTS}", ("history", 0, "at_ms"), 253_402_300_800_000),
        ("list", f"GET {CONSENTS}", ("grants", 0, "until_s"), 253_402_300_800),
        ("show", f"GET {MANDATE}", ("mandate", "until_s"), 1 << 52),
        ("decide", f"GET {MANDATE}", ("mandate", "id"), ID + "\n"),
        ("decide", f"GET {MANDATE}", ("seq",), (1 << 53) - 1),
        ("receipts", f"GET {CONSENTS}/receipts", ("periods", 0, "closed_at_ms"), 1 << 52),
        ("receipts", f"GET {CONSENTS}/receipts", ("periods", 0, "period"), -1),
        ("receipts", f"GET {CONSENTS}/receipts", ("periods", 0, "period"), "../../x"),
        ("export", "GET /api/v1/holders/me/export", ("name_box",), "abc"),
        ("export", "GET /api/v1/holders/me/export", ("name_box",), "no hex"),
        ("fhir", f"GET {CONSENTS}", ("history", 0, "content", "statement"), "a.b.c"),
        ("fhir", f"GET {CONSENTS}", ("history", 0, "content", "statement"), ""),
        ("fhir", f"GET {CONSENTS}", ("history", 0, "content", "statement"), sign_grant(ID + "\n")),
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
    """Times that no calendar has, ids that would leave a directory, statements that are none."""
    node.answers[route] = replace_at(node.answers[route], place, value)

    type_command(member, node, name)

    check_told(member)
    assert list((member.root / "kept").iterdir()) == []
    assert not (member.root / "out").exists()


def test_a_box_that_was_not_sealed_to_the_wallet_is_refused(
    member: Terminal, node: StrangeNode
) -> None:
    """By a rule, not by the shape: bytes of any length are hexadecimal."""
    for box in ("00", "00" * 48, "00" * 200):
        node.answers["GET /api/v1/holders/me/export"]["name_box"] = box
        assert "sealed to another key" in type_command(member, node, "export")
        assert member.code == exit_codes.FAILED


def test_a_history_that_does_not_grow_is_not_read_for_ever(
    member: Terminal, node: StrangeNode
) -> None:
    """The same page again is no next one."""
    page, asked = node.answers[f"GET {CONSENTS}"], iter(range(2))
    node.made[f"GET {CONSENTS}?after=1"] = lambda: web.json_response(page | {"n": next(asked)})

    assert "the history does not end" in type_command(member, node, "fhir")
    check_told(member)
    assert next(asked) == 1


def test_a_history_that_grows_for_ever_is_not_read_for_ever(
    member: Terminal, node: StrangeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a last page that is asked for."""
    monkeypatch.setattr(did_limits, "CONSENT_PAGES_MAX", 3)
    page, asked = node.answers[f"GET {CONSENTS}"], iter(range(1, 9))
    del node.answers[f"GET {CONSENTS}?after=1"]
    node.made[f"GET {CONSENTS}"] = lambda: web.json_response(
        replace_at(page, ("history", 0, "number"), next(asked))
    )

    assert "the history does not end" in type_command(member, node, "fhir")
    check_told(member)
    assert next(asked) == 4


def test_a_decision_under_a_mandate_that_ended_meanwhile_is_told(
    member: Terminal, node: StrangeNode
) -> None:
    """An honest node answers with the note alone."""
    node.answers[f"POST {MANDATE}/decisions"] = {"note": "Note"}

    said = type_command(member, node, "decide")

    assert member.code == exit_codes.OK
    assert "The mandate has ended" in said


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("list", ("statement",)),
        ("grant", ()),
        ("sessions", ()),
        ("notices", ()),
        ("requests", ()),
        ("resources", ()),
        ("show", ("mandate", "id")),
    ],
)
def test_nothing_that_a_node_says_steers_the_terminal(
    member: Terminal, node: StrangeNode, name: str, keep: tuple[str, ...]
) -> None:
    """Neither by control characters nor by what would be markup; lines stay as many."""
    lines = type_command(member, node, name).count("\n")
    route = COMMANDS[name][1][-1] if name != "notices" else f"GET {NOTICES}"
    body = node.answers[route]
    for place in list_places(body):
        if isinstance(get_at(body, place), str) and place[-len(keep) :] != keep:
            body = replace_at(body, place, get_at(body, place) + STEERING)
    node.answers[route] = body

    said = type_command(member, node, name)

    assert member.code == exit_codes.OK, member.error
    assert said.count("\n") == lines
    assert not {"\x1b", "\x07", "\x9b"} & set(said)
    assert "\ufffd2J[/x][bold]" in said


def test_a_login_is_described_and_answered_in_plain_text(
    member: Terminal, node: StrangeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person decides by what it says."""
    monkeypatch.setattr(typer, "confirm", lambda *_arguments, **_options: True)
    for place in (("client_name",), ("answers_to",), ("scopes", 0, "allows")):
        told = node.answers["GET /login/t"]
        node.answers["GET /login/t"] = replace_at(told, place, get_at(told, place) + STEERING)
    node.answers["POST /login/t"]["response_code"] += STEERING
    path = member.root / "a.wallet"

    said = member.type("wallet", "login", path, f"{ORIGIN}/login/t", "--node", node.url)

    assert member.code == exit_codes.OK, member.error
    assert said.count("\ufffd2J[/x][bold]") == 4
    assert "\x1b" not in said


def test_an_error_of_the_node_is_told_in_one_plain_line(
    member: Terminal, node: StrangeNode
) -> None:
    """Also its words are somebody else's."""
    node.made[f"GET {NOTICES}"] = lambda: web.json_response({"reason": f"no{STEERING}"}, status=422)

    type_command(member, node, "notices")

    assert (member.code, member.error.count("\n")) == (exit_codes.FAILED, 1)
    assert "\x1b" not in member.error
