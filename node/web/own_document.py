"""This cooperative's own did:web document and did:webvh log, as the node publishes and reads them.

Apart from the route, so that what this node issued is checked without asking itself over the
network. Follows the ledger: a rotated root key is in it as soon as the registry knows.
"""

from pathlib import Path

from activitypub.actors import get_actor_url
from did.accounts import render_account_did
from did.documents import render_did_web_document
from did.jcs import JsonObject, canonicalize, parse_json_object
from did.resolution.webvh_writing import get_log_did
from node.web.registry import Registry


class OwnDocument:
    """Writes the document as things stand."""

    def __init__(
        self, registry: Registry, http_key: bytes, *, network: str, webvh_path: Path
    ) -> None:
        """Take what it is written from.

        Args:
            registry: Knows the cooperative's root and assertion keys.
            http_key: Public; 32 bytes.
            network: As in the cooperative's ledger DID.
            webvh_path: The log of its did:webvh; there only if it was published.
        """
        self._webvh_path = webvh_path
        self._registry = registry
        self._http_key = http_key
        self.network = network

    def render(self) -> JsonObject | None:
        """The document; None before the cooperative is on a chain."""
        own = self._registry.own
        if not own.root_key:
            return None
        return render_did_web_document(
            did=own.did,
            origin=own.origin,
            assertion_key=own.assertion_key,
            http_key=self._http_key,
            root_key=own.root_key,
            also_known_as=[
                get_actor_url(own.origin),
                *self._list_webvh(),
                render_account_did(network=self.network, account_id=own.id),
            ],
        )

    def find(self, did: str) -> JsonObject | None:
        """The document, if it is this DID's."""
        return self.render() if did == self._registry.own.did else None

    def read_webvh_log(self) -> bytes:
        """The log of the cooperative's did:webvh; empty if it was not published."""
        return self._webvh_path.read_bytes() if self._webvh_path.exists() else b""

    def _list_webvh(self) -> list[str]:
        log = self.read_webvh_log()
        return [get_log_did(log).text] if log else []


def render_webvh_document(own: JsonObject, *, did: str) -> JsonObject:
    """The same document under the cooperative's did:webvh.

    Args:
        own: Its did:web's.
        did: The did:webvh.

    Source: did:webvh 1.0, "Publishing a Parallel did:web DID", the other way round.
    """
    web = str(own["id"])
    text = canonicalize({**own, "alsoKnownAs": []}).decode().replace(web, did)
    others = [name for name in own["alsoKnownAs"] if name != did]
    return {**parse_json_object(text.encode()), "alsoKnownAs": [web, *others]}
