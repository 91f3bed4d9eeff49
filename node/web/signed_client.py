"""Requests in this cooperative's name: each signed by its HTTP key.

Puts the guarded client and the signatures together, and remembers partners' actors for a
while, so that a burst of activities costs one fetch.
"""

from activitypub.actors import Actor, get_key_id, parse_actor
from activitypub.origins import get_origin
from activitypub.signatures import sign_request
from activitypub.vocabulary import ACCEPTED_TYPES, ACTIVITY_TYPE
from did.keys import KeyPair
from node.web.clock import Clock
from node.web.http_client import Answer, HttpClient

_TEXT_TYPES = frozenset({"text/plain"})
_ACTOR_KEPT_S = 600.0
_ACTOR_REFETCH_S = 10.0
"""A fetched actor whose key does not fit is not fetched again sooner."""
_ACTORS_MAX = 1_024


class SignedClient:
    """Fetches and delivers as this cooperative's actor."""

    def __init__(self, client: HttpClient, *, origin: str, key: KeyPair, clock: Clock) -> None:
        self._client = client
        self._key = key
        self._key_id = get_key_id(origin, "http")
        self._clock = clock
        self._actors: dict[str, tuple[float, Actor]] = {}

    async def fetch(self, url: str) -> bytes:
        """Fetch an ActivityStreams document.

        Raises:
            RefusedError: A rule is broken or the document is not there.
            UnavailableError: No answer, or a busy one.
        """
        headers = {"Accept": ACTIVITY_TYPE, **self._sign("GET", url, b"")}
        answer = await self._client.fetch(url, headers=headers, types=ACCEPTED_TYPES)
        return answer.body

    async def fetch_text(self, url: str) -> bytes:
        """Fetch a plain text; its bytes, as unchecked as any.

        Raises:
            RefusedError: A rule is broken or the text is not there.
            UnavailableError: No answer, or a busy one.
        """
        headers = {"Accept": "text/plain", **self._sign("GET", url, b"")}
        return (await self._client.fetch(url, headers=headers, types=_TEXT_TYPES)).body

    async def deliver(self, inbox: str, *, body: bytes) -> Answer:
        """Post an activity to an inbox; the answer whatever its status.

        Raises:
            RefusedError: The inbox's URL breaks a rule.
            UnavailableError: No answer.
        """
        headers = {"Content-Type": ACTIVITY_TYPE, **self._sign("POST", inbox, body)}
        return await self._client.post(inbox, body=body, headers=headers)

    async def get_actor(self, url: str) -> Actor:
        """A partner's actor, fetched unless it was lately.

        Raises:
            RefusedError: The document is not there, malformed, or reaches beyond its origin.
            UnavailableError: No answer, or a busy one.
        """
        kept = self._actors.get(url)
        if kept is not None and self._clock.steady_s() - kept[0] < _ACTOR_KEPT_S:
            return kept[1]
        actor = parse_actor(await self.fetch(url), url=url)
        while len(self._actors) >= _ACTORS_MAX:
            self._actors.pop(next(iter(self._actors)))
        self._actors[url] = (self._clock.steady_s(), actor)
        return actor

    def forget_actor(self, url: str) -> bool:
        """Let go of an actor whose keys may have changed; whether it will be fetched anew."""
        kept = self._actors.get(url)
        if kept is None or self._clock.steady_s() - kept[0] < _ACTOR_REFETCH_S:
            return False
        del self._actors[url]
        return True

    def _sign(self, method: str, url: str, body: bytes) -> dict[str, str]:
        if url == get_origin(url):
            url += "/"  # what the wire will say
        return sign_request(
            method=method,
            url=url,
            body=body,
            key=self._key,
            key_id=self._key_id,
            created_s=self._clock.now_s(),
        )
