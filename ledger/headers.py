"""Block headers and commits: the bytes that the engine hashes and validators sign.

Apart from `ledger.light`, which decides what to believe: here are only shapes, their strict
reading from the engine's JSON, and their canonical bytes. Each value has one accepted
spelling, so nothing in a receipt can be changed without changing what was signed. Pure.

Source: CometBFT v0.38 `types/block.go`, `types/canonical.go`, `types/encoding_helper.go`.
"""

import base64
import binascii
import calendar
import datetime
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value, StringValue
from tendermint.types import canonical_pb2, types_pb2, validator_pb2
from tendermint.version import types_pb2 as version_pb2

from config.errors import RefusedError
from config.limits import COOPERATIVES_MAX
from governance.merkle_log import compute_root

HASH_BYTES = 32
ADDRESS_BYTES = 20
FLAG_ABSENT, FLAG_COMMIT, FLAG_NIL = 1, 2, 3
TIME_NONE = "0001-01-01T00:00:00Z"
"""How the engine spells the time of a precommit that is absent."""
_PRECOMMIT = types_pb2.SIGNED_MSG_TYPE_PRECOMMIT
_INTEGER_MAX = (1 << 63) - 1
_HEX = re.compile(r"([0-9A-F]{2})*")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{0,8}[1-9]))?Z"
)


class HeaderFormatError(RefusedError):
    """A header or commit is not spelled the way the engine spells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockId:
    """What a vote names a block by."""

    hash: bytes
    """The header's hash; 32 bytes, empty before the first block."""
    parts_total: int
    parts_hash: bytes
    """Root over the block's parts; 32 bytes or empty."""

    def to_protobuf(self) -> types_pb2.BlockID:
        """The engine's message; its inner message is always present, even when empty."""
        parts = types_pb2.PartSetHeader(total=self.parts_total, hash=self.parts_hash)
        message = types_pb2.BlockID(hash=self.hash, part_set_header=parts)
        message.part_set_header.SetInParent()
        return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A block's header; every field enters its hash."""

    version_block: int
    version_app: int
    chain_id: str
    height: int
    time_ns: int
    """Nanoseconds since 1970."""
    last_block_id: BlockId
    last_commit_hash: bytes
    data_hash: bytes
    validators_hash: bytes
    next_validators_hash: bytes
    consensus_hash: bytes
    app_hash: bytes
    """The state after the block before this one."""
    last_results_hash: bytes
    evidence_hash: bytes
    proposer_address: bytes

    @property
    def time_ms(self) -> int:
        """Header time in milliseconds since 1970, as the ledger's rules see it."""
        return self.time_ns // 1_000_000

    def compute_hash(self) -> bytes:
        """The block's hash; 32 bytes."""
        version = version_pb2.Consensus(block=self.version_block, app=self.version_app)
        return compute_root(
            [
                _serialize(version),
                _serialize(StringValue(value=self.chain_id)),
                _serialize(Int64Value(value=self.height)),
                _serialize(_timestamp(self.time_ns)),
                _serialize(self.last_block_id.to_protobuf()),
                _bytes_value(self.last_commit_hash),
                _bytes_value(self.data_hash),
                _bytes_value(self.validators_hash),
                _bytes_value(self.next_validators_hash),
                _bytes_value(self.consensus_hash),
                _bytes_value(self.app_hash),
                _bytes_value(self.last_results_hash),
                _bytes_value(self.evidence_hash),
                _bytes_value(self.proposer_address),
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitSignature:
    """One validator's precommit, or its absence."""

    flag: int
    """`FLAG_COMMIT` for the block, `FLAG_NIL` against it, `FLAG_ABSENT` for none."""
    validator_address: bytes
    time_ns: int
    signature: bytes


ABSENT = CommitSignature(flag=FLAG_ABSENT, validator_address=b"", time_ns=0, signature=b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The precommits for one block, in the order of the validator set."""

    height: int
    round: int
    block_id: BlockId
    signatures: tuple[CommitSignature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """One consensus key and its power."""

    public_key: bytes
    """Ed25519; 32 bytes."""
    power: int

    @property
    def address(self) -> bytes:
        """What the engine names the key by; 20 bytes."""
        return compute_address(self.public_key)


def compute_address(public_key: bytes) -> bytes:
    """First 20 bytes of SHA-256 over an Ed25519 key: the engine's address and node id."""
    return hashlib.sha256(public_key).digest()[:ADDRESS_BYTES]


def sort_validators(validators: tuple[Validator, ...]) -> tuple[Validator, ...]:
    """The engine's order: most power first, then by address."""
    return tuple(sorted(validators, key=lambda item: (-item.power, item.address)))


def compute_validators_hash(validators: tuple[Validator, ...]) -> bytes:
    """The hash by which a header names its validator set; 32 bytes."""
    leaves = []
    for validator in sort_validators(validators):
        message = validator_pb2.SimpleValidator(voting_power=validator.power)
        message.pub_key.ed25519 = validator.public_key
        leaves.append(_serialize(message))
    return compute_root(leaves)


def compute_vote_sign_bytes(commit: Commit, index: int, *, chain_id: str) -> bytes:
    """What the validator at `index` signed: a length-prefixed canonical precommit."""
    entry = commit.signatures[index]
    vote = canonical_pb2.CanonicalVote(
        type=_PRECOMMIT,
        height=commit.height,
        round=commit.round,
        timestamp=_timestamp(entry.time_ns),
        chain_id=chain_id,
    )
    if entry.flag == FLAG_COMMIT:
        vote.block_id.hash = commit.block_id.hash
        vote.block_id.part_set_header.total = commit.block_id.parts_total
        vote.block_id.part_set_header.hash = commit.block_id.parts_hash
    message = _serialize(vote)
    return _varint(len(message)) + message


def parse_header(value: object) -> Header:
    """Read `header` of the engine's `commit` answer.

    Raises:
        HeaderFormatError: A field is missing, added, or spelled in another way.
    """
    names = set(Header.__slots__) - {"version_block", "version_app", "time_ns"}
    fields = _fields(value, names | {"version", "time"})
    version = _fields(fields["version"], {"block"}, optional={"app"})
    chain_id = fields["chain_id"]
    if not isinstance(chain_id, str) or not 0 < len(chain_id) <= 50:
        raise HeaderFormatError("chain_id is 1 to 50 characters")
    if version.get("app") == "0":
        raise HeaderFormatError("an application version of zero is left out")
    proposer_address = _hex(fields["proposer_address"], ADDRESS_BYTES)
    if not proposer_address:
        raise HeaderFormatError("a header names its proposer")
    # The application decides how long its hash is; all others are SHA-256.
    hashes = {
        name: _hex(fields[name], None if name == "app_hash" else HASH_BYTES)
        for name in names
        if name.endswith("_hash")
    }
    return Header(
        version_block=parse_integer(version["block"]),
        version_app=parse_integer(version.get("app", "0")),
        chain_id=chain_id,
        height=parse_integer(fields["height"]),
        time_ns=parse_time_ns(fields["time"]),
        last_block_id=_parse_block_id(fields["last_block_id"]),
        proposer_address=proposer_address,
        **hashes,
    )


def parse_commit(value: object) -> Commit:
    """Read `commit` of the engine's `commit` answer.

    Raises:
        HeaderFormatError: A field is missing, added, or spelled in another way.
    """
    fields = _fields(value, {"height", "round", "block_id", "signatures"})
    entries = fields["signatures"]
    if not isinstance(entries, list) or not 0 < len(entries) <= COOPERATIVES_MAX:
        raise HeaderFormatError(f"a commit has 1 to {COOPERATIVES_MAX} signatures")
    return Commit(
        height=parse_integer(fields["height"]),
        round=_small_integer(fields["round"]),
        block_id=_parse_block_id(fields["block_id"]),
        signatures=tuple(_parse_signature(entry) for entry in entries),
    )


def parse_time_ns(text: object) -> int:
    """Read the engine's RFC 3339 time, from 1970 on; nanoseconds since then."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise HeaderFormatError("a time is not spelled as the engine spells it")
    try:
        moment = datetime.datetime.fromisoformat(match[1] + "+00:00")
    except ValueError as error:
        raise HeaderFormatError("a time does not exist") from error
    seconds = calendar.timegm(moment.utctimetuple())
    if seconds < 0:
        raise HeaderFormatError("a time lies before 1970")
    return seconds * 1_000_000_000 + int((match[2] or "0").ljust(9, "0"))


def parse_integer(value: object) -> int:
    """Read a whole number that the engine writes as decimal text."""
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or int(value) > _INTEGER_MAX:
        raise HeaderFormatError("a number is not plain decimal text")
    return int(value)


def parse_base64(value: object) -> bytes:
    """Read canonical base64 text."""
    try:
        data = base64.b64decode(value.encode(), validate=True) if isinstance(value, str) else None
    except binascii.Error:
        data = None
    if data is None or base64.b64encode(data).decode() != value:
        raise HeaderFormatError("not canonical base64")
    return data


def _parse_signature(value: object) -> CommitSignature:
    fields = _fields(value, {"block_id_flag", "validator_address", "timestamp", "signature"})
    flag = _small_integer(fields["block_id_flag"])
    if flag == FLAG_ABSENT:
        if (fields["validator_address"], fields["signature"]) != ("", None) or (
            fields["timestamp"] != TIME_NONE
        ):
            raise HeaderFormatError("an absent precommit carries nothing")
        return ABSENT
    if flag not in (FLAG_COMMIT, FLAG_NIL):
        raise HeaderFormatError("unknown kind of precommit")
    return CommitSignature(
        flag=flag,
        validator_address=_hex(fields["validator_address"], ADDRESS_BYTES),
        time_ns=parse_time_ns(fields["timestamp"]),
        signature=parse_base64(fields["signature"]),
    )


def _parse_block_id(value: object) -> BlockId:
    fields = _fields(value, {"hash", "parts"})
    parts = _fields(fields["parts"], {"total", "hash"})
    return BlockId(
        hash=_hex(fields["hash"], HASH_BYTES),
        parts_total=_small_integer(parts["total"]),
        parts_hash=_hex(parts["hash"], HASH_BYTES),
    )


def _fields(
    value: object, names: set[str], *, optional: frozenset[str] | set[str] = frozenset()
) -> dict[str, Any]:
    if not isinstance(value, dict) or not names <= value.keys() <= names | optional:
        raise HeaderFormatError(f"expected exactly the fields {', '.join(sorted(names))}")
    return value


def _hex(value: object, length: int | None) -> bytes:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise HeaderFormatError("a hash or address is not upper-case hexadecimal")
    if length is not None and len(value) not in (0, 2 * length):
        raise HeaderFormatError(f"a hash or address is not {length} bytes")
    return bytes.fromhex(value)


def _small_integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 31:
        raise HeaderFormatError("a number is out of range")
    return value


def _bytes_value(data: bytes) -> bytes:
    return _serialize(BytesValue(value=data))


def _timestamp(time_ns: int) -> Timestamp:
    seconds, nanos = divmod(time_ns, 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def _serialize(message: Message) -> bytes:
    return bytes(message.SerializeToString(deterministic=True))


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])
