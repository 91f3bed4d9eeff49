"""didkit in a process of its own: crashes, deadlines, walls, and its second opinion."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator
from io import BytesIO

import base58
import pytest

from config.did_limits import DIDKIT_FRAME_BYTES_MAX, DIDKIT_QUESTIONS_MAX
from config.errors import UnavailableError
from did.base64url import encode_base64url
from did.documents import read_did_document
from did.jcs import canonicalize
from did.resolution.results import LATEST, Problem, ResolutionError, Version
from did.resolution.self_certifying import resolve_jwk, resolve_key
from did.resolution.syntax import parse_did
from did.verification_keys import KeyKind, parse_jwk, render_jwk, render_multikey
from node import didkit_bridge
from node.didkit_bridge import DidkitBridge, DidkitError, DidkitResolver
from node.didkit_worker import read_frame, write_frame
from tests.did.test_verification_keys import make_key

PKH = "did:pkh:eip155:1:0xb9c5714089478a327f09197987f16f9e5d936e8a"


@pytest.fixture
def bridge() -> Iterator[DidkitBridge]:
    with DidkitBridge() as opened:
        yield opened


@pytest.mark.parametrize("kind", list(KeyKind))
def test_didkit_has_the_same_keys(bridge: DidkitBridge, kind: KeyKind) -> None:
    """A second opinion on did:key and did:jwk, whose documents it writes in an older form."""
    key = make_key(kind)
    by_key = f"did:key:{render_multikey(key)}"
    by_jwk = "did:jwk:" + encode_base64url(canonicalize(render_jwk(key)))

    for did, resolve in ((by_key, resolve_key), (by_jwk, resolve_jwk)):
        theirs = json.loads(bridge.ask_blocking("resolve_did", did, "{}"))
        document = resolve(parse_did(did)).document
        assert document is not None
        ours = read_did_document(document, did=did)
        method = theirs["verificationMethod"][0]
        if "publicKeyJwk" in method:
            assert parse_jwk(method["publicKeyJwk"]) == key
        else:
            assert base58.b58decode(method["publicKeyBase58"]) == key.public_key
        for purpose in ("assertionMethod", "authentication"):
            assert [name.rpartition("#")[2] for name in theirs[purpose]] == [
                name.rpartition("#")[2] for name in ours.get_keys(purpose=purpose)
            ]


async def test_a_did_pkh_resolves_through_didkit(bridge: DidkitBridge) -> None:
    """The account, and no key that we would check."""
    resolution = await DidkitResolver(bridge).resolve(parse_did(PKH), LATEST)

    assert resolution.document is not None
    assert resolution.document["id"] == PKH
    assert not read_did_document(resolution.document, did=PKH).methods


@pytest.mark.parametrize(
    ("did", "version", "problem"),
    [
        ("did:pkh:x", LATEST, Problem.INVALID_DID),
        ("did:pkh:eip155:1:nonsense", LATEST, Problem.INVALID_DID),
        (PKH, Version(version_id="1"), Problem.FEATURE_NOT_SUPPORTED),
    ],
)
async def test_refuses_what_is_no_account(
    bridge: DidkitBridge, did: str, version: Version, problem: Problem
) -> None:
    """And what has no past."""
    with pytest.raises(ResolutionError) as caught:
        await DidkitResolver(bridge).resolve(parse_did(did), version)

    assert caught.value.problem is problem


def test_the_worker_is_started_when_needed_and_again_after_it_died(bridge: DidkitBridge) -> None:
    """A crash costs one answer at most."""
    assert bridge.process_id is None
    bridge.ask_blocking("resolve_did", PKH, "{}")
    first = bridge.process_id
    assert first is not None

    os.kill(first, signal.SIGSEGV)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)  # it has ended; the bridge is to see it
    bridge.ask_blocking("resolve_did", PKH, "{}")

    assert bridge.process_id != first


def test_a_worker_that_dies_over_a_question_is_unavailable(bridge: DidkitBridge) -> None:
    """Killed in the midst; the next question has a new one."""
    bridge.ask_blocking("resolve_did", PKH, "{}")
    stopped = bridge.process_id
    assert stopped is not None
    os.kill(stopped, signal.SIGSTOP)
    timer = threading.Timer(0.1, os.kill, (stopped, signal.SIGKILL))
    timer.start()

    with pytest.raises(UnavailableError):
        bridge.ask_blocking("resolve_did", PKH, "{}")
    timer.join()

    assert bridge.ask_blocking("resolve_did", PKH, "{}")


def test_a_worker_that_hangs_is_killed_at_the_deadline(
    bridge: DidkitBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped altogether, it does not hold up the node."""
    bridge.ask_blocking("resolve_did", PKH, "{}")
    stopped = bridge.process_id
    assert stopped is not None
    monkeypatch.setattr(didkit_bridge, "DIDKIT_DEADLINE_S", 0.1)
    os.kill(stopped, signal.SIGSTOP)

    with pytest.raises(UnavailableError):
        bridge.ask_blocking("resolve_did", PKH, "x" * (DIDKIT_FRAME_BYTES_MAX - 1_000))

    assert not os.path.exists(f"/proc/{stopped}")  # noqa: PTH110 - a process, not a file


def test_questions_are_bounded(bridge: DidkitBridge) -> None:
    """In size, in kind, and in how many wait."""
    with pytest.raises(DidkitError):
        bridge.ask_blocking("resolve_did", "x" * DIDKIT_FRAME_BYTES_MAX, "{}")
    for question in (("generate_ed25519_key",), ("resolve_did", PKH), ("__import__", "os", "")):
        with pytest.raises(DidkitError):
            bridge.ask_blocking(*question)
    taken = [bridge._places.acquire(blocking=False) for _ in range(DIDKIT_QUESTIONS_MAX)]
    assert all(taken)
    with pytest.raises(UnavailableError):
        bridge.ask_blocking("resolve_did", PKH, "{}")


async def test_many_ask_at_once(bridge: DidkitBridge) -> None:
    """One worker answers all, each his own."""
    dids = [f"did:key:{render_multikey(make_key(KeyKind.ED25519, n))}" for n in range(1, 13)]

    answers = await asyncio.gather(*(bridge.ask("resolve_did", did, "{}") for did in dids))

    assert [json.loads(answer)["id"] for answer in answers] == dids


def test_the_worker_has_no_network(bridge: DidkitBridge) -> None:
    """Its namespace is its own, with nothing in it."""
    bridge.ask_blocking("resolve_did", PKH, "{}")

    theirs = os.readlink(f"/proc/{bridge.process_id}/ns/net")  # noqa: PTH115 - no real path

    assert theirs != os.readlink("/proc/self/ns/net")  # noqa: PTH115 - no real path
    with pytest.raises(DidkitError):
        bridge.ask_blocking("resolve_did", "did:web:a.example", "{}")


def test_a_refusal_quotes_nothing(bridge: DidkitBridge) -> None:
    """Didkit's own words may repeat the secret that it was given."""
    secret = "c2VjcmV0"
    with pytest.raises(DidkitError) as caught:
        bridge.ask_blocking("issue_credential", "{}", "{}", json.dumps({"d": secret}))

    assert secret not in caught.value.reason


def test_frames_are_whole_or_nothing() -> None:
    """A length that is broken or too long ends the exchange."""
    stream = BytesIO()
    write_frame(stream, b"question")
    data = stream.getvalue()

    assert read_frame(BytesIO(data)) == b"question"
    assert read_frame(BytesIO(b"")) is None
    for broken in (data[:2], data[:-1], b"\xff" * 8):
        with pytest.raises(EOFError):
            read_frame(BytesIO(broken))
