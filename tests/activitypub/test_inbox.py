"""The inbox, from bytes on the wire to an authenticated activity."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from activitypub.actors import Actor, get_key_id, parse_actor, render_actor
from activitypub.inbox import (
    HTTP_STATUS,
    InboxCode,
    InboxError,
    check_activity_proof,
    check_inbound,
    read_inbound,
)
from activitypub.signatures import HttpRequest, sign_request
from activitypub.vocabulary import build_create, build_follow
from did.keys import KeyPair
from did.proofs import add_proof

A, B = "https://a.example", "https://b.example"
HTTP, ASSERTION, OTHER = (KeyPair(bytes([number]) * 32) for number in (1, 2, 3))
NOW_S = 1_795_168_800
NOW = "2026-11-20T10:00:00Z"
FOLLOW = build_follow(origin=A, number=1, actor=f"{B}/actor", published=NOW)
NOTE = {"id": f"{A}/notes/1", "type": "Note", "attributedTo": f"{A}/actor"}


def make_actor(origin: str = A) -> Actor:
    """The sender, as its document shows it."""
    document = render_actor(
        origin=origin,
        user="a",
        name="A",
        summary="",
        did=f"did:web:{origin.removeprefix('https://')}",
        http_key=HTTP.public_key,
        assertion_key=ASSERTION.public_key,
    )
    return parse_actor(json.dumps(document).encode(), url=f"{origin}/actor")


def prove(activity: dict[str, Any], key: KeyPair = ASSERTION) -> dict[str, Any]:
    """The activity with its actor's proof."""
    method = get_key_id(A, "assertion")
    return add_proof(activity, key=key, verification_method=method, created=NOW)


CREATE = prove(build_create(origin=A, number=2, item=NOTE, published=NOW))


def send(
    activity: object, *, key: KeyPair = HTTP, key_id: str = get_key_id(A, "http")
) -> HttpRequest:
    """A signed delivery."""
    body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
    url = f"{B}/inbox"
    headers = sign_request(
        method="POST", url=url, body=body, key=key, key_id=key_id, created_s=NOW_S
    )
    lines: Iterable[tuple[str, str]] = headers.items()
    return HttpRequest(method="POST", url=url, headers=tuple(lines), body=body)


def receive(request: HttpRequest, *, partners: tuple[str, ...] = (A,)) -> None:
    """Both steps, with the sender's true document."""
    inbound = read_inbound(request, now_s=NOW_S, is_partner=lambda origin: origin in partners)
    check_inbound(inbound, actor=make_actor(), now_s=NOW_S)


def expect(code: InboxCode) -> Any:
    """Expect a refusal with a code."""
    return pytest.raises(InboxError, check=lambda error: error.code == code)


@pytest.mark.parametrize("activity", [FOLLOW, CREATE, prove(FOLLOW)])
def test_a_partners_activity_is_accepted(activity: dict[str, Any]) -> None:
    """Signed, and proved where it is kept."""
    receive(send(activity))


def test_an_activity_is_known_by_id_and_bytes() -> None:
    """So that a repetition is seen before anything dear is done."""
    inbound = read_inbound(send(FOLLOW), now_s=NOW_S, is_partner=lambda _: True)

    assert inbound.activity_id == FOLLOW["id"]
    assert inbound.is_handled
    again = read_inbound(send(FOLLOW), now_s=NOW_S, is_partner=lambda _: True)
    assert again.digest == inbound.digest
    like = read_inbound(send({**FOLLOW, "type": "Like"}), now_s=NOW_S, is_partner=lambda _: True)
    assert not like.is_handled
    assert like.digest != inbound.digest


def test_refuses_a_stranger_before_reading_the_body() -> None:
    """Strangers cost nothing: not even JSON that does not parse."""
    with expect(InboxCode.STRANGER):
        receive(send(b"not json"), partners=(B,))


def test_refuses_an_unsigned_request() -> None:
    """Nor one whose key has no https URL."""
    request = HttpRequest(
        method="POST", url=f"{B}/inbox", headers=(), body=json.dumps(FOLLOW).encode()
    )

    with expect(InboxCode.UNSIGNED):
        receive(request)
    with expect(InboxCode.UNSIGNED):
        receive(send(FOLLOW, key_id="key-1"))


def test_refuses_another_key_than_the_actors() -> None:
    """A forged signature, and a key that the actor does not show."""
    with expect(InboxCode.UNSIGNED):
        receive(send(FOLLOW, key=OTHER))
    with expect(InboxCode.UNSIGNED):
        receive(send(FOLLOW, key=OTHER, key_id=get_key_id(A, "other")))


def test_refuses_a_body_beyond_the_limit() -> None:
    """Before anything else is looked at."""
    with expect(InboxCode.TOO_LARGE):
        receive(send(b" " * 262_145))


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'{"type":"Follow","type":"Like"}',
        b"[" * 100_000,
        json.dumps({**FOLLOW, "@context": [*FOLLOW["@context"], {"actor": "object"}]}).encode(),
        json.dumps({**FOLLOW, "object": 1}).encode(),
    ],
)
def test_refuses_malformed_activities(body: bytes) -> None:
    """Ambiguous JSON, unknown contexts, another shape."""
    with expect(InboxCode.MALFORMED):
        receive(send(body))


@pytest.mark.parametrize(
    "activity",
    [
        {**FOLLOW, "id": f"{B}/activities/1"},
        {**FOLLOW, "actor": f"{B}/actor"},
        {**FOLLOW, "actor": f"{A}/other"},
        {**FOLLOW, "actor": "https://A.example/actor"},
        {**CREATE, "object": {**NOTE, "id": f"{B}/notes/1"}},
        {**CREATE, "object": {**NOTE, "attributedTo": f"{B}/actor"}},
    ],
)
def test_refuses_speaking_for_others(activity: dict[str, Any]) -> None:
    """FEP-fe34: signer, actor, activity and object belong together."""
    with expect(InboxCode.FOREIGN_ORIGIN):
        receive(send(activity))


def test_refuses_the_document_of_another_actor() -> None:
    """The caller fetched the wrong one."""
    inbound = read_inbound(send(FOLLOW), now_s=NOW_S, is_partner=lambda _: True)

    with expect(InboxCode.FOREIGN_ORIGIN):
        check_inbound(inbound, actor=make_actor(B), now_s=NOW_S)


@pytest.mark.parametrize(
    "activity",
    [
        build_create(origin=A, number=2, item=NOTE, published=NOW),
        {**CREATE, "summary": "added"},
        {**CREATE, "proof": {**CREATE["proof"], "verificationMethod": f"{A}/actor#other"}},
        prove(build_create(origin=A, number=2, item=NOTE, published=NOW), key=OTHER),
        {**prove(FOLLOW), "summary": "added"},
        {**FOLLOW, "proof": "text"},
    ],
)
def test_refuses_a_missing_or_broken_proof(activity: dict[str, Any]) -> None:
    """What is kept and shown is proved by itself; a proof that is there must hold."""
    with expect(InboxCode.UNPROVED):
        receive(send(activity))


def test_an_older_signature_added_afterwards_is_not_part_of_the_proof() -> None:
    """Some servers add a Linked Data signature after the proof."""
    receive(send({**CREATE, "signature": {"type": "RsaSignature2017"}}))


def test_an_activity_from_an_outbox_is_authentic_by_its_proof() -> None:
    """Without any request of its sender."""
    check_activity_proof(CREATE, actor=make_actor(), now_s=NOW_S)
    with expect(InboxCode.UNPROVED):
        check_activity_proof({**CREATE, "to": []}, actor=make_actor(), now_s=NOW_S)


def test_each_code_has_its_status() -> None:
    """None is forgotten."""
    assert set(HTTP_STATUS) == set(InboxCode)
    assert InboxError(InboxCode.STRANGER, "x").http_status == 403
