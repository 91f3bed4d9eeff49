"""The inbox: what a request must pass before anybody acts on it, cheapest first.

Two steps with the network between them, so that this part needs none:

1. `read_inbound`: size, signature header, allow list of hosts, JSON, contexts, shape,
   origins. Gives the activity's identity, so that a repeated one ends here, and the key that
   is needed.
2. `check_inbound`: with the sender's actor: the request's signature and the activity's proof.

Never fetches for a stranger, for a repeated activity, or for the Delete of an unknown actor
(such Deletes come by the thousand and their actor is gone).
"""

import enum
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from activitypub.actors import Actor
from activitypub.contexts import check_contexts
from activitypub.origins import check_same_origin, get_document_url, get_origin
from activitypub.signatures import HttpRequest, check_request, read_signature
from activitypub.vocabulary import HANDLED_TYPES, check_shape, get_id
from config.errors import RefusedError
from config.limits import HTTP_BODY_BYTES_MAX
from did.jcs import JsonObject, parse_json_object
from did.proofs import ProofError, check_proof, get_proofs


class InboxCode(enum.IntEnum):
    """Why an inbound request is refused; each has its HTTP status in `HTTP_STATUS`."""

    TOO_LARGE = 1
    UNSIGNED = 2
    """No signature, malformed, stale or not by the key it names."""
    STRANGER = 3
    """The signer's host is no partner."""
    MALFORMED = 4
    """Not JSON that all read alike, unknown contexts, or not the shape of its type."""
    FOREIGN_ORIGIN = 5
    """Signer, actor, activity and object do not share one origin."""
    UNPROVED = 6
    """The activity's own proof is missing or does not hold."""


HTTP_STATUS = {
    InboxCode.TOO_LARGE: 413,
    InboxCode.UNSIGNED: 401,
    InboxCode.STRANGER: 403,
    InboxCode.MALFORMED: 400,
    InboxCode.FOREIGN_ORIGIN: 403,
    InboxCode.UNPROVED: 401,
}


class InboxError(RefusedError):
    """A request that the inbox refuses, with its code."""

    def __init__(self, code: InboxCode, reason: str) -> None:
        super().__init__(reason, code=code)

    @property
    def http_status(self) -> int:
        """The status to answer with."""
        return HTTP_STATUS[InboxCode(self.code)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """An activity that was read but not authenticated."""

    request: HttpRequest
    key_id: str
    """Whose key the request's signature names."""
    activity: JsonObject
    activity_id: str
    activity_type: str
    actor: str
    digest: bytes
    """SHA-256 of the body; with `activity_id` it tells a repetition; 32 bytes."""

    @property
    def is_handled(self) -> bool:
        """Whether an inbox acts on this type; others are taken without a fetch."""
        return self.activity_type in HANDLED_TYPES


def read_inbound(request: HttpRequest, *, now_s: int, is_partner: Callable[[str], bool]) -> Inbound:
    """Check all that needs no key and no network.

    Args:
        request: As it came, under this node's public origin.
        now_s: Unix seconds.
        is_partner: Whether an https origin belongs to a registered cooperative.

    Raises:
        InboxError: With the code of the first check that fails, in the order of the codes.
    """
    if len(request.body) > HTTP_BODY_BYTES_MAX:
        raise InboxError(InboxCode.TOO_LARGE, f"at most {HTTP_BODY_BYTES_MAX} bytes are taken")
    try:
        claim = read_signature(request, now_s=now_s)
        origin = get_origin(claim.key_id)
    except RefusedError as error:
        raise InboxError(InboxCode.UNSIGNED, error.reason) from error
    if not is_partner(origin):
        raise InboxError(InboxCode.STRANGER, f"{origin} is no partner of this cooperative")
    try:
        activity = parse_json_object(request.body, bytes_max=HTTP_BODY_BYTES_MAX)
        check_contexts(activity)
        kind = check_shape(activity)
    except RefusedError as error:
        raise InboxError(InboxCode.MALFORMED, error.reason) from error
    check_origins(activity, key_id=claim.key_id)
    return Inbound(
        request=request,
        key_id=claim.key_id,
        activity=activity,
        activity_id=activity["id"],
        activity_type=kind,
        actor=activity["actor"],
        digest=hashlib.sha256(request.body).digest(),
    )


def check_inbound(inbound: Inbound, *, actor: Actor, now_s: int) -> None:
    """Authenticate an activity with its sender's document.

    Args:
        inbound: From `read_inbound`.
        actor: Read from `inbound.actor`'s own URL.
        now_s: Unix seconds.

    Raises:
        InboxError: The signature or the proof does not hold.
    """
    if actor.id != inbound.actor:
        raise InboxError(InboxCode.FOREIGN_ORIGIN, "the actor's document is another's")
    try:
        public_key = actor.get_key(inbound.key_id)
        check_request(inbound.request, public_key=public_key, key_id=inbound.key_id, now_s=now_s)
    except RefusedError as error:
        raise InboxError(InboxCode.UNSIGNED, error.reason) from error
    check_activity_proof(inbound.activity, actor=actor, now_s=now_s)


def check_activity_proof(activity: JsonObject, *, actor: Actor, now_s: int) -> None:
    """Check an activity's own proof (FEP-8b32), by which it can also be read from an outbox.

    A Create must carry one, because it is kept and shown; other activities may. So of what an
    outbox holds, only Creates are authentic by this check alone.

    Raises:
        InboxError: A proof is missing or does not hold.
    """
    # Some servers add a Linked Data signature after the proof; it is not part of it.
    unsigned = {name: value for name, value in activity.items() if name != "signature"}
    try:
        proofs = get_proofs(unsigned)
        if not proofs and activity["type"] != "Create":
            return
        for proof in proofs:
            method = proof.get("verificationMethod")
            if isinstance(method, str) and method in actor.keys:
                check_proof(
                    unsigned,
                    public_key=actor.keys[method],
                    verification_method=method,
                    now_s=now_s,
                )
                return
    except ProofError as error:
        raise InboxError(InboxCode.UNPROVED, error.reason) from error
    raise InboxError(InboxCode.UNPROVED, "the activity carries no proof by its actor")


def check_origins(activity: JsonObject, *, key_id: str | None = None) -> None:
    """Check that actor, activity, signer and created object share one origin (FEP-fe34).

    Args:
        activity: Of a checked shape.
        key_id: The key that signed the request; None for an activity read from an outbox.

    Raises:
        InboxError: They do not.
    """
    actor = activity["actor"]
    try:
        origin = get_origin(actor)
        check_same_origin(activity["id"], origin=origin)
        if activity["type"] == "Create":
            check_same_origin(get_id(activity["object"]), origin=origin)
    except RefusedError as error:
        raise InboxError(InboxCode.FOREIGN_ORIGIN, error.reason) from error
    if key_id is not None and get_document_url(key_id) != actor:
        raise InboxError(InboxCode.FOREIGN_ORIGIN, "the signing key is not the actor's own")
    if activity["type"] == "Create" and activity["object"]["attributedTo"] != actor:
        raise InboxError(InboxCode.FOREIGN_ORIGIN, "the object is attributed to another")
