"""Chains signed by keys that tests hold: real hashes and signatures, any validators, no engine.

What a real engine would need hours for (many changes of the validators, months of time) or
would never do (sign for another block) is made here, byte for byte as the engine makes it.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from did.keys import KeyPair
from ledger.headers import (
    FLAG_ABSENT,
    FLAG_COMMIT,
    FLAG_NIL,
    BlockId,
    Commit,
    CommitSignature,
    Header,
    Validator,
    compute_validators_hash,
    compute_vote_sign_bytes,
    sort_validators,
)
from ledger.light_blocks import LightBlock
from ledger.trust import TrustBundle

CHAIN_ID = "test-signed-1"
BEGINS_NS = 1_790_000_000_123_456_789
BEGINS_AT = "2026-09-21T14:13:20.123456789Z"
MINUTE_NS = 60 * 1_000_000_000
FLAGS = {"Y": FLAG_COMMIT, "N": FLAG_NIL, ".": FLAG_ABSENT}


def make_key(number: int) -> KeyPair:
    """A validator's key, by number."""
    return KeyPair(b"validator".ljust(28, b".") + number.to_bytes(4, "big"))


KEYS = {make_key(number).public_key: make_key(number) for number in range(200)}


def make_validators(numbers: Sequence[int], *, power: int = 100) -> tuple[Validator, ...]:
    """A set of equal validators, in the engine's order."""
    return sort_validators(
        tuple(Validator(public_key=make_key(item).public_key, power=power) for item in numbers)
    )


@dataclass
class SignedChain:
    """A chain whose validators at each height are given."""

    sets: Sequence[Sequence[int]]
    """Validators' numbers at heights 1, 2, …; the last set stays."""
    step_ns: int = MINUTE_NS
    chain_id: str = CHAIN_ID
    app_hash: bytes = b"\x07" * 32
    headers: dict[int, Header] = field(default_factory=dict)

    def get_validators(self, height: int) -> tuple[Validator, ...]:
        """The set at a height."""
        return make_validators(self.sets[min(height, len(self.sets)) - 1])

    @property
    def genesis_trust(self) -> TrustBundle:
        """What the chain's genesis file would say."""
        return TrustBundle(
            chain_id=self.chain_id,
            genesis_hash=hashlib.sha256(self.chain_id.encode()).digest(),
            time_ns=BEGINS_NS,
            validators=self.get_validators(1),
        )

    def get_trust(self, height: int) -> TrustBundle:
        """A trust bundle at a height."""
        return self.genesis_trust.move_to(self.get_block(height))

    def get_header(self, height: int) -> Header:
        """The one header of a height."""
        if height not in self.headers:
            validators = self.get_validators(height)
            self.headers[height] = Header(
                version_block=11,
                version_app=1,
                chain_id=self.chain_id,
                height=height,
                time_ns=BEGINS_NS + (height - 1) * self.step_ns,
                last_block_id=self._compute_last_id(height),
                last_commit_hash=_hash("last commit", height),
                data_hash=_hash("data", height),
                validators_hash=compute_validators_hash(validators),
                next_validators_hash=compute_validators_hash(self.get_validators(height + 1)),
                consensus_hash=_hash("parameters", 0),
                app_hash=self.app_hash,
                last_results_hash=_hash("results", height),
                evidence_hash=hashlib.sha256().digest(),
                proposer_address=validators[height % len(validators)].address,
            )
        return self.headers[height]

    def get_block(self, height: int, *, votes: str = "") -> LightBlock:
        """A height's light block.

        Args:
            height: From 1.
            votes: One letter for each validator in order: Y for the block, N against, a dot
                for none; all of them for it if not given.
        """
        return sign_header(self.get_header(height), self.get_validators(height), votes=votes)

    def _compute_last_id(self, height: int) -> BlockId:
        # Headers far apart would need all those between: their predecessors are made up.
        previous = self.headers.get(height - 1)
        if height == 1:
            return BlockId(hash=b"", parts_total=0, parts_hash=b"")
        made_up = _hash("block", height - 1)
        return BlockId(
            hash=made_up if previous is None else previous.compute_hash(),
            parts_total=1,
            parts_hash=_hash("parts", height - 1),
        )


def sign_header(
    header: Header, validators: tuple[Validator, ...], *, votes: str = ""
) -> LightBlock:
    """Any header, signed by the validators that it names or by others."""
    commit = Commit(
        height=header.height,
        round=header.height % 3,
        block_id=BlockId(
            hash=header.compute_hash(), parts_total=1, parts_hash=_hash("parts", header.height)
        ),
        signatures=tuple(
            _prepare_entry(validator, vote, time_ns=header.time_ns + 1_000_000 + place)
            for place, (validator, vote) in enumerate(
                zip(validators, votes or "Y" * len(validators), strict=True)
            )
        ),
    )
    return LightBlock(
        header=header,
        commit=sign_commit(commit, validators, header.chain_id),
        validators=validators,
    )


def sign_commit(commit: Commit, validators: tuple[Validator, ...], chain_id: str) -> Commit:
    """The same precommits, signed anew by these validators in order."""
    signatures = tuple(
        entry
        if entry.flag == FLAG_ABSENT
        else replace(
            entry,
            signature=KEYS[validator.public_key].sign(
                compute_vote_sign_bytes(commit, place, chain_id=chain_id)
            ),
        )
        for place, (entry, validator) in enumerate(zip(commit.signatures, validators, strict=True))
    )
    return replace(commit, signatures=signatures)


def render_genesis(chain: SignedChain) -> bytes:
    """A genesis file as far as trust goes; its validators in any order."""
    validators = [
        {
            "address": "",
            "pub_key": {
                "type": "tendermint/PubKeyEd25519",
                "value": base64.b64encode(item.public_key).decode(),
            },
            "power": str(item.power),
            "name": "",
        }
        for item in reversed(chain.get_validators(1))
    ]
    return json.dumps(
        {
            "genesis_time": BEGINS_AT,
            "chain_id": chain.chain_id,
            "validators": validators,
            "app_state": {},
        }
    ).encode()


def _prepare_entry(validator: Validator, vote: str, *, time_ns: int) -> CommitSignature:
    if vote == ".":
        return CommitSignature(flag=FLAG_ABSENT, validator_address=b"", time_ns=0, signature=b"")
    return CommitSignature(
        flag=FLAGS[vote], validator_address=validator.address, time_ns=time_ns, signature=b""
    )


def _hash(what: str, number: int) -> bytes:
    return hashlib.sha256(f"{what} {number}".encode()).digest()
