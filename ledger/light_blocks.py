"""Light blocks: a header, its commit and its validators, and how a file spells them.

What somebody needs of a block to check it and to follow the chain to the next one. Header and
commit are spelled as the engine spells them; the validators are not, because the engine adds
a priority that nobody signed. One accepted spelling for each value. Decides nothing: whom to
believe is `ledger.light`'s matter. Pure.
"""

import base64
import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX, VALIDATOR_POWER_MAX
from did.jcs import JsonObject
from did.keys import PUBLIC_KEY_BYTES
from ledger.headers import (
    FLAG_ABSENT,
    TIME_NONE,
    BlockId,
    Commit,
    CommitSignature,
    Header,
    Validator,
    parse_commit,
    parse_header,
    sort_validators,
)


class LightBlockError(RefusedError):
    """A light block is not spelled the way that files spell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LightBlock:
    """What makes one header final; nothing is checked yet."""

    header: Header
    commit: Commit
    validators: tuple[Validator, ...]
    """Whose commit it is; in the engine's order."""

    @property
    def height(self) -> int:
        """The header's height."""
        return self.header.height


def parse_light_block(value: object) -> LightBlock:
    """Read a light block from parsed JSON.

    Raises:
        RefusedError: A field is missing, added, or spelled in another way.
    """
    if not isinstance(value, dict) or value.keys() != {"header", "commit", "validators"}:
        raise LightBlockError("a light block has exactly the fields header, commit, validators")
    return LightBlock(
        header=parse_header(value["header"]),
        commit=parse_commit(value["commit"]),
        validators=parse_validators(value["validators"]),
    )


def render_light_block(block: LightBlock) -> JsonObject:
    """The light block as JSON; `parse_light_block` reads it back."""
    return {
        "header": render_header(block.header),
        "commit": _render_commit(block.commit),
        "validators": render_validators(block.validators),
    }


def parse_validators(value: object) -> tuple[Validator, ...]:
    """Read a validator set from parsed JSON.

    Raises:
        LightBlockError: Malformed, not in the engine's order, or not a usable set.
    """
    if not isinstance(value, list):
        raise LightBlockError("validators are a list")
    validators = tuple(_parse_validator(item) for item in value)
    if check_validators(validators) != validators:
        raise LightBlockError("validators stand in the engine's order: most power first")
    return validators


def render_validators(validators: Sequence[Validator]) -> list[JsonObject]:
    """A validator set as JSON; `parse_validators` reads it back."""
    return [{"public_key": item.public_key.hex(), "power": item.power} for item in validators]


def check_validators(validators: tuple[Validator, ...]) -> tuple[Validator, ...]:
    """Return a usable validator set in the engine's order.

    Raises:
        LightBlockError: Empty, too many, a key twice, or a power beyond its bounds.
    """
    if not 0 < len(validators) <= COOPERATIVES_MAX:
        raise LightBlockError(f"a validator set has 1 to {COOPERATIVES_MAX} keys")
    if len({item.public_key for item in validators}) != len(validators):
        raise LightBlockError("a validator's key appears twice")
    for item in validators:
        if len(item.public_key) != PUBLIC_KEY_BYTES or not 0 < item.power <= VALIDATOR_POWER_MAX:
            raise LightBlockError("a validator has a 32-byte key and a positive power")
    return sort_validators(validators)


def render_header(header: Header) -> JsonObject:
    """A header as the engine spells it; `ledger.headers.parse_header` reads it back."""
    version = {"block": str(header.version_block)}
    if header.version_app:
        version["app"] = str(header.version_app)
    return {
        "version": version,
        "chain_id": header.chain_id,
        "height": str(header.height),
        "time": _render_time(header.time_ns),
        "last_block_id": _render_block_id(header.last_block_id),
        "last_commit_hash": _render_hex(header.last_commit_hash),
        "data_hash": _render_hex(header.data_hash),
        "validators_hash": _render_hex(header.validators_hash),
        "next_validators_hash": _render_hex(header.next_validators_hash),
        "consensus_hash": _render_hex(header.consensus_hash),
        "app_hash": _render_hex(header.app_hash),
        "last_results_hash": _render_hex(header.last_results_hash),
        "evidence_hash": _render_hex(header.evidence_hash),
        "proposer_address": _render_hex(header.proposer_address),
    }


def _render_commit(commit: Commit) -> JsonObject:
    return {
        "height": str(commit.height),
        "round": commit.round,
        "block_id": _render_block_id(commit.block_id),
        "signatures": [_render_signature(entry) for entry in commit.signatures],
    }


def _render_signature(entry: CommitSignature) -> JsonObject:
    is_absent = entry.flag == FLAG_ABSENT
    return {
        "block_id_flag": entry.flag,
        "validator_address": _render_hex(entry.validator_address),
        "timestamp": TIME_NONE if is_absent else _render_time(entry.time_ns),
        "signature": None if is_absent else base64.b64encode(entry.signature).decode(),
    }


def _render_block_id(block_id: BlockId) -> JsonObject:
    parts = {"total": block_id.parts_total, "hash": _render_hex(block_id.parts_hash)}
    return {"hash": _render_hex(block_id.hash), "parts": parts}


def _render_time(time_ns: int) -> str:
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    fraction = f".{rest_ns:09d}".rstrip("0") if rest_ns else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _render_hex(data: bytes) -> str:
    return data.hex().upper()


def _parse_validator(value: object) -> Validator:
    if not isinstance(value, dict) or value.keys() != {"public_key", "power"}:
        raise LightBlockError("a validator has exactly the fields public_key and power")
    key, power = value["public_key"], value["power"]
    try:
        public_key = bytes.fromhex(key) if isinstance(key, str) else b""
    except ValueError:
        public_key = b""
    if public_key.hex() != key or type(power) is not int:
        raise LightBlockError("a validator's key is lower-case hexadecimal, its power a number")
    return Validator(public_key=public_key, power=power)
