"""DID documents."""

import json
from typing import Any

import pytest
from base58 import b58encode

from config.errors import RefusedError
from did.documents import (
    DocumentError,
    did_web_for_origin,
    parse_did_document,
    read_did_document,
    render_did_web_document,
)
from did.keys import KeyPair, encode_multikey
from did.verification_keys import KeyKind
from tests.did.test_verification_keys import RFC7515, RFC8037

ORIGIN = "https://a.example"
DID = "did:web:a.example"
ROOT, ASSERTION, HTTP = (KeyPair(bytes([number]) * 32).public_key for number in (1, 2, 3))


def render() -> dict[str, Any]:
    """A cooperative's document."""
    return render_did_web_document(
        did=DID,
        origin=ORIGIN,
        assertion_key=ASSERTION,
        http_key=HTTP,
        root_key=ROOT,
        also_known_as=("https://a.example/actor",),
    )


def parse(document: object, did: str = DID) -> Any:
    """Read a document given as JSON."""
    return parse_did_document(json.dumps(document).encode(), did=did)


@pytest.mark.parametrize(
    ("origin", "did"),
    [
        ("https://a.example", "did:web:a.example"),
        ("https://a.example:8443", "did:web:a.example%3A8443"),
        ("https://cleveland.test", "did:web:cleveland.test"),
        ("https://localhost:1", "did:web:localhost%3A1"),
    ],
)
def test_an_origin_and_its_did_lead_to_each_other(origin: str, did: str) -> None:
    """did:web §3.1; the port's colon is encoded."""
    assert did_web_for_origin(origin) == did


@pytest.mark.parametrize(
    "origin",
    [
        "http://a.example",
        "https://a.example/",
        "https://A.example",
        "https://user@a.example",
        "https://127.0.0.1:8080",
        "https://[::1]",
        "https://[::1",
        "https://a.example:443",
        "https://a.example:08443",
        "https://a.example:99999",
        "https://-a.example",
        "https://a..example",
        "https://a.example?x",
        "https://a.example\n",
        "https://",
        "",
    ],
)
def test_refuses_what_is_no_origin_of_a_name(origin: str) -> None:
    """One spelling, https, a name, no default port."""
    with pytest.raises(DocumentError):
        did_web_for_origin(origin)


def test_a_document_says_which_key_is_for_what() -> None:
    """Written and read back."""
    document = parse(render())

    assert {name: key.public_key for name, key in document.methods.items()} == {
        f"{DID}#root": ROOT,
        f"{DID}#assertion": ASSERTION,
        f"{DID}#http": HTTP,
    }
    assert document.get_key(f"{DID}#assertion", purpose="assertionMethod").public_key == ASSERTION
    assert list(document.get_keys(purpose="authentication")) == [f"{DID}#http"]
    assert document.get_keys(purpose="keyAgreement") == {}
    assert document.also_known_as == ("https://a.example/actor",)
    for name in ("root", "http", "unknown"):
        with pytest.raises(DocumentError):
            document.get_key(f"{DID}#{name}", purpose="assertionMethod")


def test_refuses_to_write_another_origins_document() -> None:
    """The DID names the origin."""
    with pytest.raises(DocumentError):
        render_did_web_document(
            did=DID,
            origin="https://b.example",
            assertion_key=ASSERTION,
            http_key=HTTP,
            root_key=ROOT,
        )


def test_a_document_speaks_for_the_did_that_was_asked_for() -> None:
    """Another's document is refused."""
    with pytest.raises(DocumentError):
        parse(render(), did="did:web:b.example")


def test_reads_documents_of_other_tools() -> None:
    """Relative ids and embedded methods count; other kinds and controllers are passed over."""
    multikey = encode_multikey(HTTP)
    document = parse(
        {
            "id": DID,
            "verificationMethod": [
                {"id": "#a", "controller": DID, "publicKeyMultibase": multikey},
                {"id": "#p256", "controller": DID, "publicKeyMultibase": "zDnaerx9Ct"},
                {"id": "#jwk", "controller": DID, "publicKeyJwk": {"kty": "OKP"}},
                {"id": "#foreign", "controller": "did:x:1", "publicKeyMultibase": multikey},
            ],
            "assertionMethod": [
                "#a",
                "#foreign",
                {"id": "#own", "controller": DID, "publicKeyMultibase": encode_multikey(ROOT)},
            ],
        }
    )

    assert document.get_key(f"{DID}#a", purpose="assertionMethod").public_key == HTTP
    assert document.get_key(f"{DID}#own", purpose="assertionMethod").public_key == ROOT
    with pytest.raises(DocumentError):
        document.get_key(f"{DID}#foreign", purpose="assertionMethod")
    assert set(document.methods) == {f"{DID}#a", f"{DID}#own"}


def test_reads_every_form_of_a_key() -> None:
    """Multikey, JWK of three kinds, and the oldest Ed25519 form."""
    forms = {
        "p256": {"publicKeyJwk": RFC7515},
        "ed": {"publicKeyJwk": RFC8037},
        "old": {"type": "Ed25519VerificationKey2018", "publicKeyBase58": b58encode(ROOT).decode()},
        "other": {"type": "X", "publicKeyBase58": b58encode(ROOT).decode()},
        "secret": {"publicKeyJwk": {**RFC8037, "d": "AAAA"}},
    }
    methods = [{"id": f"#{name}", "controller": DID, **form} for name, form in forms.items()]
    document = parse({"id": DID, "verificationMethod": methods, "authentication": ["#p256"]})

    kinds = {name.rpartition("#")[2]: key.kind for name, key in document.methods.items()}
    assert kinds == {"p256": KeyKind.P256, "ed": KeyKind.ED25519, "old": KeyKind.ED25519}
    assert list(document.get_keys(purpose="authentication")) == [f"{DID}#p256"]


@pytest.mark.parametrize(
    "methods",
    [
        [{"id": "#a", "publicKeyJwk": {}, "publicKeyMultibase": "z"}],
        [{"id": "#a", "type": "X25519"}, {"id": "#a", "publicKeyMultibase": "z"}],
    ],
)
def test_refuses_what_readers_could_take_differently(methods: list[dict[str, Any]]) -> None:
    """A key in two forms, or a name for two methods, whatever their kinds."""
    with pytest.raises(DocumentError):
        parse({"id": DID, "verificationMethod": [{"controller": DID, **item} for item in methods]})


@pytest.mark.parametrize(
    "change",
    [
        {"verificationMethod": {}},
        {"verificationMethod": ["#a"]},
        {"verificationMethod": [{"id": 1}]},
        {"verificationMethod": [{}] * 65},
        {"assertionMethod": [1]},
        {"assertionMethod": "#a"},
        {"authentication": ["x" * 3_000]},
    ],
)
def test_refuses_malformed_documents(change: dict[str, Any]) -> None:
    """Lists of the right things, of bounded length."""
    with pytest.raises(RefusedError):
        parse({**render(), **change})


def test_refuses_a_method_that_is_named_twice() -> None:
    """Two readers could take different keys."""
    document = render()
    document["verificationMethod"].append(document["verificationMethod"][0])

    with pytest.raises(DocumentError):
        parse(document)


def test_names_that_are_no_texts_are_passed_over() -> None:
    """`alsoKnownAs` decides nothing."""
    assert parse({**render(), "alsoKnownAs": [1, "x"]}).also_known_as == ("x",)
    assert parse({**render(), "alsoKnownAs": "x"}).also_known_as == ()


@pytest.mark.parametrize("ending", ["revoked", "expires"])
def test_a_key_that_has_an_end_does_not_count(ending: str) -> None:
    """Controlled Identifiers 1.0 §2.2: whether it has ended is not for the reader to guess."""
    key = KeyPair(b"\x05" * 32)
    method = {
        "id": "did:example:1#k",
        "type": "Multikey",
        "controller": "did:example:1",
        "publicKeyMultibase": encode_multikey(key.public_key),
    }
    document: dict[str, Any] = {
        "id": "did:example:1",
        "verificationMethod": [method],
        "assertionMethod": ["did:example:1#k"],
    }

    assert read_did_document(document, did="did:example:1").methods
    method[ending] = "2020-01-01T00:00:00Z"
    assert not read_did_document(document, did="did:example:1").methods
