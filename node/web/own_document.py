"""This cooperative's own did:web document, as the node publishes it and as it reads it itself.

Apart from the route, so that what this node issued is checked without asking itself over the
network. Follows the ledger: a rotated root key is in it as soon as the registry knows.
"""

from activitypub.actors import get_actor_url
from did.accounts import render_account_did
from did.documents import render_did_web_document
from did.jcs import JsonObject
from node.web.registry import Registry


class OwnDocument:
    """Writes the document as things stand."""

    def __init__(self, registry: Registry, http_key: bytes, *, network: str) -> None:
        """Take what it is written from.

        Args:
            registry: Knows the cooperative's root and assertion keys.
            http_key: Public; 32 bytes.
            network: As in the cooperative's ledger DID.
        """
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
                render_account_did(network=self.network, account_id=own.id),
            ],
        )

    def find(self, did: str) -> JsonObject | None:
        """The document, if it is this DID's."""
        return self.render() if did == self._registry.own.did else None
