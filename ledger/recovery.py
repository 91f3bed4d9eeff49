"""A recovery as people hand it round, and the genesis file of the chain that it begins.

The document says what those who remain agree on; each cooperative adds signatures in a file of
its own; the genesis file holds all of it, so that every node checks it against its own state
(`ledger.beginning`). Reads and writes no files itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from config.limits import GENESIS_BYTES_MAX
from did.codec import CodecError
from did.documents import DocumentError, origin_for_did_web
from did.jcs import JsonObject, parse_json_object
from did.keys import KeyPair
from governance.recovery import (
    Approval,
    Recovery,
    RecoveryError,
    RemainingValidator,
    SignedRecovery,
    check_form,
    check_signatures,
)
from ledger.genesis_file import FirstValidator, GenesisError, render_genesis_file
from ledger.trust import TrustPeer

RECOVERY_FORMAT = "rochdale-recovery-1"
APPROVAL_FORMAT = "rochdale-recovery-signature-1"
_STATE_FIELD = "recovery"
_BYTES_FIELDS = frozenset({"former_genesis_hash", "header_hash", "app_hash"})
_VALIDATOR_BYTES = frozenset({"cooperative", "consensus_key", "node_id"})


def write_recovery(recovery: Recovery) -> bytes:
    """The document, for people to read and sign."""
    return _write({"format": RECOVERY_FORMAT, **_render(recovery)})


def read_recovery(data: bytes) -> Recovery:
    """Read the document; `check_content` checks it against a state.

    Raises:
        RefusedError: Malformed, or it contradicts itself.
    """
    document = parse_json_object(data, bytes_max=GENESIS_BYTES_MAX)
    if document.pop("format", None) != RECOVERY_FORMAT:
        raise RecoveryError(f"this is no recovery of format {RECOVERY_FORMAT}")
    recovery = _parse(document)
    check_form(recovery)
    return recovery


def sign_recovery(recovery: Recovery, *, cooperative: bytes, keys: Iterable[KeyPair]) -> bytes:
    """A cooperative's signatures under a recovery: a file of its own."""
    message = recovery.compute_input()
    return _write(
        {
            "format": APPROVAL_FORMAT,
            "signatures": [
                [cooperative.hex(), key.public_key.hex(), key.sign(message).hex()] for key in keys
            ],
        }
    )


def read_approvals(data: bytes) -> list[Approval]:
    """Read a file of signatures; `check_signatures` checks them.

    Raises:
        RefusedError: Malformed.
    """
    document = parse_json_object(data, bytes_max=GENESIS_BYTES_MAX)
    if document.keys() != {"format", "signatures"} or document["format"] != APPROVAL_FORMAT:
        raise RecoveryError(f"these are no signatures of format {APPROVAL_FORMAT}")
    return _parse_approvals(document["signatures"])


def assemble_recovery_genesis(recovery: Recovery, approvals: Iterable[Approval]) -> bytes:
    """Make the genesis file of the chain that goes on; the same signatures give the same bytes.

    Raises:
        RefusedError: Something is malformed, or a signature does not hold.
    """
    entries = {(item.cooperative, item.key): item for item in approvals}
    signed = SignedRecovery(
        recovery=recovery, approvals=tuple(entries[key] for key in sorted(entries))
    )
    check_signatures(signed)
    return _render_genesis(signed)


def is_recovery_genesis(document: Mapping[str, object]) -> bool:
    """Check if a genesis file, as JSON, is of a chain that goes on from another."""
    state = document.get("app_state")
    return isinstance(state, dict) and _STATE_FIELD in state


def parse_app_state(state: JsonObject) -> SignedRecovery | None:
    """Read what such a genesis file gives the application; None for another kind of file.

    Raises:
        RefusedError: Malformed, or a signature does not hold.
    """
    if _STATE_FIELD not in state:
        return None
    if state.keys() != {_STATE_FIELD, "signatures"} or not isinstance(state[_STATE_FIELD], dict):
        raise RecoveryError("a recovery's state is a recovery and its signatures")
    signed = SignedRecovery(
        recovery=_parse(state[_STATE_FIELD]),
        approvals=tuple(_parse_approvals(state["signatures"])),
    )
    check_signatures(signed)
    return signed


def check_recovery_genesis(genesis: bytes) -> SignedRecovery:
    """Check that such a genesis file follows from what was signed, byte for byte.

    Whether enough have signed, and for which state, the state alone can say.

    Raises:
        RefusedError: Malformed, another kind of file, or changed by hand.
    """
    document = parse_json_object(genesis, bytes_max=GENESIS_BYTES_MAX)
    if not is_recovery_genesis(document):
        raise GenesisError(
            "this is no genesis file of a recovery: name the one that `rochdale genesis recover "
            "assemble` wrote"
        )
    signed = parse_app_state(document["app_state"])
    if signed is None or _render_genesis(signed) != genesis:
        raise GenesisError("the genesis file says more or else than the recovery in it")
    return signed


def describe_beginning(recovery: Recovery) -> str:
    """Where blocks are that a recovered chain does not have, for whoever asks for one."""
    return (
        f"{recovery.chain_id} begins with block {recovery.first_height}: earlier ones are of "
        f"{recovery.former_chain_id}, from which it goes on. Receipts that were fetched then hold "
        "by trust in that chain"
    )


def list_peers(recovery: Recovery) -> tuple[TrustPeer, ...]:
    """Where the new chain's validators are reached."""
    peers = []
    for item in recovery.validators:
        try:
            origin = origin_for_did_web(item.did)
        except DocumentError:  # such as a host that cannot be: nobody is reached there
            continue
        peers.append(
            TrustPeer(node_id=item.node_id.hex(), p2p_address=item.p2p_address, origin=origin)
        )
    return tuple(peers)


def _render_genesis(signed: SignedRecovery) -> bytes:
    recovery = signed.recovery
    return render_genesis_file(
        chain_id=recovery.chain_id,
        genesis_time_ms=recovery.begins_ms,
        initial_height=recovery.first_height,
        rules_version=recovery.rules_version,
        validators=[
            FirstValidator(consensus_key=item.consensus_key, name=item.name)
            for item in recovery.validators
        ],
        app_hash=recovery.app_hash,
        app_state={
            _STATE_FIELD: _render(recovery),
            "signatures": [
                [item.cooperative.hex(), item.key.hex(), item.signature.hex()]
                for item in signed.approvals
            ],
        },
        signed={},
    )


def _render(recovery: Recovery) -> JsonObject:
    fields = {name: getattr(recovery, name) for name in recovery.__struct_fields__}
    return {
        **{name: _to_text(value) for name, value in fields.items()},
        "validators": [
            {name: _to_text(getattr(item, name)) for name in item.__struct_fields__}
            for item in recovery.validators
        ],
        "lost": [item.hex() for item in recovery.lost],
    }


def _parse(document: JsonObject) -> Recovery:
    try:
        if document.keys() != set(Recovery.__struct_fields__):
            raise RecoveryError("a recovery lacks a field, or has one too many")
        fields = _from_text(document, _BYTES_FIELDS)
        validators = []
        for item in document["validators"]:
            if item.keys() != set(RemainingValidator.__struct_fields__):
                raise RecoveryError("a validator lacks a field, or has one too many")
            validators.append(RemainingValidator(**_from_text(item, _VALIDATOR_BYTES)))
        fields["validators"] = tuple(validators)
        fields["lost"] = tuple(_hex(item) for item in document["lost"])
        # Read back as the ledger will, so that every bound holds.
        return Recovery.parse(Recovery(**fields).encode())
    except (TypeError, ValueError, AttributeError, CodecError, msgspec.MsgspecError) as error:
        raise RecoveryError("a field of the recovery is malformed") from error


def _parse_approvals(value: object) -> list[Approval]:
    try:
        if not isinstance(value, list):
            raise RecoveryError("signatures are a list")
        return [
            Approval.parse(
                Approval(
                    cooperative=_hex(cooperative), key=_hex(key), signature=_hex(signature)
                ).encode()
            )
            for cooperative, key, signature in value
        ]
    except (TypeError, ValueError, CodecError) as error:
        raise RecoveryError("a signature is three texts of hexadecimal digits") from error


def _to_text(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _from_text(document: JsonObject, names: frozenset[str]) -> dict[str, Any]:
    return {name: _hex(value) if name in names else value for name, value in document.items()}


def _hex(value: object) -> bytes:
    data = bytes.fromhex(value) if isinstance(value, str) else b""
    if not isinstance(value, str) or data.hex() != value:
        raise RecoveryError("bytes are written as lower-case hexadecimal digits")
    return data


def _write(document: JsonObject) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
