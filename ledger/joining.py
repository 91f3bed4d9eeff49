"""A cooperative's request to join a federation that runs.

One file, signed by the cooperative's root key: a compact JWS that people and tools read, and
inside it the same key's signature over what the ledger will hold, so that whoever proposes
the admission can change nothing. Whether the federation wants the newcomer is not decided
here. Reads and writes no files itself.
"""

from dataclasses import dataclass

from did.jcs import canonicalize, parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair
from governance.acts import AdmitCooperative, NewCooperative, compute_request_input
from ledger.genesis import Founder, parse_claims, render_claims
from ledger.genesis_file import GenesisError

REQUEST_TYPE = "rochdale-request+jws"
REQUEST_BYTES_MAX = 4_096
_SIGNATURE = "request_signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A request that holds."""

    cooperative: Founder
    """Who asks; its chain is the one that it wants to join."""
    act: AdmitCooperative
    """What a member proposes for it."""


def render_request(cooperative: Founder, *, root_key: KeyPair) -> str:
    """Sign a request with the cooperative's root key: the request file, a compact JWS.

    Args:
        cooperative: Who asks; without a consensus key it asks to be a member that does not
            validate.
        root_key: Of its inception.

    Raises:
        RefusedError: The request is malformed, or the key is not its inception's.
    """
    signature = root_key.sign(_compute_input(cooperative))
    claims = {**render_claims(cooperative), _SIGNATURE: signature.hex()}
    kid = f"{cooperative.did}#root"
    jws = sign_jws(canonicalize(claims), key=root_key, kid=kid, typ=REQUEST_TYPE)
    check_request(jws)
    return jws


def check_request(jws: str) -> JoinRequest:
    """Read a request and check that the cooperative that it is about signed all of it.

    Raises:
        RefusedError: Malformed, or not signed by its inception's key.
    """
    signed = parse_jws(jws.strip(), typ=REQUEST_TYPE, bytes_max=REQUEST_BYTES_MAX)
    claims = parse_json_object(signed.payload, bytes_max=REQUEST_BYTES_MAX, depth_max=2)
    text = claims.pop(_SIGNATURE, None)
    cooperative = parse_claims(claims)
    check_jws(signed, public_key=cooperative.inception.public_key)
    try:
        signature = bytes.fromhex(text if isinstance(text, str) else "")
    except ValueError as error:
        raise GenesisError("the request's signature for the ledger is malformed") from error
    act = AdmitCooperative(request=_to_entry(cooperative), signature=signature)
    if signed.kid != f"{cooperative.did}#root" or not act.is_requested(network=cooperative.network):
        raise GenesisError("a request is signed by the joining cooperative's own root key")
    return JoinRequest(cooperative=cooperative, act=act)


def _compute_input(cooperative: Founder) -> bytes:
    return compute_request_input(_to_entry(cooperative), network=cooperative.network)


def _to_entry(cooperative: Founder) -> NewCooperative:
    entry = cooperative.entry
    return NewCooperative(
        **{name: getattr(entry, name) for name in NewCooperative.__struct_fields__}
    )
