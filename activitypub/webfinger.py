"""WebFinger and NodeInfo: how other software finds the actor and learns what serves it.

Apart from the actor because their formats are older and not ActivityStreams (RFC 7033, JRD;
NodeInfo 2.1). Never lists members: NodeInfo's user count is the one actor.
"""

from activitypub.actors import get_actor_url
from config.errors import RefusedError
from did.documents import did_web_for_origin
from did.jcs import JsonObject

JRD_TYPE = "application/jrd+json"
_NODEINFO_REL = "http://nodeinfo.diaspora.software/ns/schema/2.1"
_ACTIVITY_TYPE = "application/activity+json"


class WebFingerError(RefusedError):
    """Nobody of that name is here."""


def render_webfinger(resource: str, *, origin: str, user: str) -> JsonObject:
    """Answer who a resource is, for `acct:` addresses, the actor's URL and the DID.

    Raises:
        WebFingerError: It is not this node's cooperative.
    """
    actor = get_actor_url(origin)
    account = f"acct:{user}@{origin.removeprefix('https://')}"
    did = did_web_for_origin(origin)
    if resource.lower() != account.lower() and resource not in {actor, f"{origin}/", did}:
        raise WebFingerError("nobody of that name is here")
    return {
        "subject": account,
        "aliases": [actor, did],
        "links": [
            {"rel": "self", "type": _ACTIVITY_TYPE, "href": actor},
            {
                "rel": "http://webfinger.net/rel/profile-page",
                "type": "text/html",
                "href": f"{origin}/",
            },
        ],
    }


def render_nodeinfo_links(origin: str) -> JsonObject:
    """Say where NodeInfo is, for `/.well-known/nodeinfo`."""
    return {"links": [{"rel": _NODEINFO_REL, "href": f"{origin}/nodeinfo/2.1"}]}


def render_nodeinfo(*, name: str, version: str, insights_count: int) -> JsonObject:
    """Write NodeInfo 2.1.

    Args:
        name: The cooperative's.
        version: Rochdale's.
        insights_count: Own insights published.
    """
    return {
        "version": "2.1",
        "software": {"name": "rochdale", "version": version},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {"users": {"total": 1}, "localPosts": insights_count},
        "metadata": {"nodeName": name},
    }
