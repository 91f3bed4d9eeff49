"""The genesis file as the engine reads it: time, parameters, validators, the state's beginning.

Shared by the founding of a chain (`ledger.genesis`) and its recovery (`ledger.recovery`), which
say what is in it and who signs that.
"""

import base64
import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import BLOCK_BYTES_MAX, EVIDENCE_BLOCKS_MAX, GENESIS_BYTES_MAX
from did.jcs import JsonObject
from governance.charter import VALIDATOR_POWER

_EVIDENCE_AGE_NS = 2 * 86_400 * 1_000_000_000


class GenesisError(RefusedError):
    """An offer or a genesis file is malformed, contradicts another or was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstValidator:
    """One who signs the first block."""

    consensus_key: bytes
    name: str


def render_genesis_file(
    *,
    chain_id: str,
    genesis_time_ms: int,
    initial_height: int,
    rules_version: int,
    validators: Sequence[FirstValidator],
    app_state: JsonObject,
    signed: Mapping[str, object],
    app_hash: bytes = b"",
) -> bytes:
    """Write a genesis file; the same arguments give the same bytes.

    Args:
        chain_id: Of the chain.
        genesis_time_ms: When it begins.
        initial_height: Of its first block.
        rules_version: What that block is executed by.
        validators: Who signs it, in this order.
        app_state: What the application starts from.
        signed: Further keys, which the engine passes over: what people signed.
        app_hash: Of the former chain's state that this one starts from; empty without one.

    Raises:
        GenesisError: The file would be longer than `GENESIS_BYTES_MAX`.
    """
    document = {
        "genesis_time": _render_time(genesis_time_ms),
        "chain_id": chain_id,
        "initial_height": str(initial_height),
        "consensus_params": _render_consensus_params(rules_version),
        "validators": [_render_validator(validator) for validator in validators],
        "app_hash": app_hash.hex().upper(),
        "app_state": app_state,
        **signed,
    }
    data = json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"
    if len(data) > GENESIS_BYTES_MAX:
        raise GenesisError(f"the genesis file is longer than {GENESIS_BYTES_MAX} bytes")
    return data


def _render_validator(validator: FirstValidator) -> JsonObject:
    return {
        "address": "",
        "pub_key": {
            "type": "tendermint/PubKeyEd25519",
            "value": base64.b64encode(validator.consensus_key).decode(),
        },
        "power": str(VALIDATOR_POWER),
        "name": validator.name,
    }


def _render_consensus_params(rules_version: int) -> JsonObject:
    return {
        "block": {"max_bytes": str(BLOCK_BYTES_MAX), "max_gas": "-1"},
        "evidence": {
            "max_age_num_blocks": str(EVIDENCE_BLOCKS_MAX),
            "max_age_duration": str(_EVIDENCE_AGE_NS),
            "max_bytes": str(BLOCK_BYTES_MAX // 16),
        },
        "validator": {"pub_key_types": ["ed25519"]},
        "version": {"app": str(rules_version)},
        # Off: an application that extends votes can halt a chain.
        "abci": {"vote_extensions_enable_height": "0"},
    }


def _render_time(time_ms: int) -> str:
    seconds, rest_ms = divmod(time_ms, 1000)
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    fraction = f".{rest_ms:03d}".rstrip("0") if rest_ms else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
