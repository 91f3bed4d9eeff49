"""The engine's key files, as its home holds them."""

import base64
import json

from did.keys import KeyPair
from ledger.headers import compute_address


def render_node_key(key: KeyPair) -> bytes:
    """`node_key.json`: who the engine is towards other engines."""
    return _render_json({"priv_key": _render_private_key(key)})


def render_consensus_key(key: KeyPair) -> bytes:
    """`priv_validator_key.json`: what the engine signs blocks with."""
    public_key = {
        "type": "tendermint/PubKeyEd25519",
        "value": base64.b64encode(key.public_key).decode(),
    }
    return _render_json(
        {
            "address": compute_address(key.public_key).hex().upper(),
            "pub_key": public_key,
            "priv_key": _render_private_key(key),
        }
    )


def _render_private_key(key: KeyPair) -> dict[str, str]:
    secret = base64.b64encode(key.seed + key.public_key).decode()
    return {"type": "tendermint/PrivKeyEd25519", "value": secret}


def _render_json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
