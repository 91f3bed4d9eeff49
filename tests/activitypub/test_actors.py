"""Actor documents."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from activitypub.actors import ActorError, get_key_id, parse_actor, render_actor
from activitypub.contexts import check_contexts
from config.errors import RefusedError
from did.keys import KeyPair, encode_multikey

ORIGIN = "https://a.example"
URL = f"{ORIGIN}/actor"
HTTP, ASSERTION = (KeyPair(bytes([number]) * 32).public_key for number in (1, 2))


def render() -> dict[str, Any]:
    """A cooperative's actor."""
    return render_actor(
        origin=ORIGIN,
        user="cooperative",
        name="Cooperative A",
        summary="<p>A</p>",
        did="did:web:a.example",
        http_key=HTTP,
        assertion_key=ASSERTION,
    )


def parse(document: object, url: str = URL) -> Any:
    """Read an actor given as JSON."""
    return parse_actor(json.dumps(document).encode(), url=url)


def test_an_actor_is_read_back() -> None:
    """Places and keys."""
    actor = parse(render())

    assert (actor.id, actor.name, actor.origin) == (URL, "Cooperative A", ORIGIN)
    assert (actor.inbox, actor.outbox) == (f"{ORIGIN}/inbox", f"{ORIGIN}/outbox")
    assert actor.get_key(get_key_id(ORIGIN, "http")) == HTTP
    assert actor.get_key(get_key_id(ORIGIN, "assertion")) == ASSERTION
    assert actor.also_known_as == ("did:web:a.example",)
    with pytest.raises(ActorError):
        actor.get_key(f"{URL}#unknown")


def test_the_document_means_the_same_to_all_readers() -> None:
    """Only pinned contexts."""
    check_contexts(render())


def test_the_older_form_of_the_key_is_a_key() -> None:
    """`publicKeyPem` is a SubjectPublicKeyInfo that other libraries read."""
    pem = render()["publicKey"]["publicKeyPem"]

    key = load_pem_public_key(pem.encode())

    assert isinstance(key, Ed25519PublicKey)
    assert key.public_bytes_raw() == HTTP


@pytest.mark.parametrize(
    "change",
    [
        {"id": "https://b.example/actor"},
        {"inbox": "https://b.example/inbox"},
        {"inbox": "http://a.example/inbox"},
        {"outbox": None},
        {"followers": ["https://a.example/followers"]},
        {"assertionMethod": {}},
        {"assertionMethod": [{}] * 17},
    ],
)
def test_refuses_an_actor_that_reaches_beyond_its_origin(change: dict[str, Any]) -> None:
    """FEP-fe34."""
    with pytest.raises(RefusedError):
        parse({**render(), **change})


@pytest.mark.parametrize(
    "method",
    [
        "text",
        {"id": f"{URL}#k"},
        {"id": f"{URL}#k", "controller": URL, "publicKeyMultibase": "zDnaerx9Ct"},
        {
            "id": f"{URL}#k",
            "controller": "https://b.example/actor",
            "publicKeyMultibase": encode_multikey(HTTP),
        },
        {
            "id": "https://b.example/actor#k",
            "controller": URL,
            "publicKeyMultibase": encode_multikey(HTTP),
        },
    ],
)
def test_keys_of_others_or_of_other_kinds_are_passed_over(method: object) -> None:
    """They are nobody's here."""
    assert parse({**render(), "assertionMethod": [method]}).keys == {}


def test_refuses_a_key_that_is_named_twice() -> None:
    """Two readers could take different keys."""
    methods = render()["assertionMethod"]

    with pytest.raises(ActorError):
        parse({**render(), "assertionMethod": [*methods, methods[0]]})


def test_a_name_that_is_no_text_is_passed_over() -> None:
    """Names decide nothing."""
    actor = parse({**render(), "name": 1, "alsoKnownAs": "did:web:a.example"})

    assert actor.name == ""
    assert actor.also_known_as == ("did:web:a.example",)
