"""A cooperative's request to join a federation that runs.

One file, signed by the cooperative's root key: a compact JWS that people and tools read, and
inside it the same key's signature over what the ledger will hold, so that whoever proposes
the admission can change nothing. Whether the federation wants the newcomer is not decided
here. Reads and writes no files itself.
"""

from dataclasses import dataclass

from config.limits import REQUEST_BYTES_MAX
from did.codec import CodecError
from did.jcs import canonicalize, parse_json_object
from did.jws import check_jws, parse_jws, sign_jws
from did.keys import KeyPair
from governance.acts import AdmitCooperative, NewCooperative, compute_request_input
from governance.seals import SealedChain
from ledger.genesis import Founder, parse_claims, render_claims
from ledger.genesis_file import GenesisError

REQUEST_TYPE = "rochdale-request+jws"
_SIGNATURE = "request_signature"
_SEALED = "sealed_chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A request that holds."""

    cooperative: Founder
    """Who asks; its chain is the one that it wants to join."""
    act: AdmitCooperative
    """What a member proposes for it."""


def render_request(
    cooperative: Founder, *, root_key: KeyPair, sealed: SealedChain | None = None
) -> str:
    """Sign a request with the cooperative's root key: the request file, a compact JWS.

    Args:
        cooperative: Who asks; without a consensus key it asks to be a member that does not
            validate.
        root_key: Of its inception, or the one in use when its chain was sealed.
        sealed: The chain that it comes from with its roll.

    Raises:
        RefusedError: The request is malformed, or the key is another.
    """
    signature = root_key.sign(_compute_input(cooperative))
    claims = {**render_claims(cooperative), _SIGNATURE: signature.hex()}
    if sealed is not None:
        claims[_SEALED] = sealed.encode().hex()
    kid = f"{cooperative.did}#root"
    jws = sign_jws(canonicalize(claims), key=root_key, kid=kid, typ=REQUEST_TYPE)
    check_request(jws)
    return jws


def check_request(jws: str) -> JoinRequest:
    """Read a request and check that the cooperative that it is about signed all of it.

    That a sealed chain in it is what it says is `ledger.sealed`'s matter.

    Raises:
        RefusedError: Malformed, or not signed by its inception's key or the sealed chain's.
    """
    signed = parse_jws(jws.strip(), typ=REQUEST_TYPE, bytes_max=REQUEST_BYTES_MAX)
    claims = parse_json_object(signed.payload, bytes_max=REQUEST_BYTES_MAX, depth_max=2)
    signature = _hex(claims.pop(_SIGNATURE, None))
    sealed = _hex(claims.pop(_SEALED)) if _SEALED in claims else None
    cooperative = parse_claims(claims)
    try:
        act = AdmitCooperative(
            request=_to_entry(cooperative),
            signature=signature,
            sealed=None if sealed is None else SealedChain.parse(sealed),
        )
    except CodecError as error:
        raise GenesisError("the request's sealed chain is malformed") from error
    check_jws(signed, public_key=act.root_key)
    if signed.kid != f"{cooperative.did}#root" or not act.is_requested(network=cooperative.network):
        raise GenesisError("a request is signed by the joining cooperative's own root key")
    return JoinRequest(cooperative=cooperative, act=act)


def _hex(text: object) -> bytes:
    try:
        data = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError as error:
        raise GenesisError("a field of the request is not hexadecimal") from error
    if data.hex() != text:
        raise GenesisError("a field of the request is not lower-case hexadecimal")
    return data


def _compute_input(cooperative: Founder) -> bytes:
    return compute_request_input(_to_entry(cooperative), network=cooperative.network)


def _to_entry(cooperative: Founder) -> NewCooperative:
    entry = cooperative.entry
    return NewCooperative(
        **{name: getattr(entry, name) for name in NewCooperative.__struct_fields__}
    )
