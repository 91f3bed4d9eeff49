"""Cooperatives with keys and records, for the tests of discovery."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from did.keys import KeyPair
from federation.record import (
    CooperativeRecord,
    LedgerAddress,
    compute_peer_id,
    compute_peer_proof_message,
    sign_record,
)

NOW_S = 1_795_000_000


@dataclass(frozen=True)
class Cooperative:
    """A made-up cooperative that can sign records."""

    number: int

    @property
    def host(self) -> str:
        return f"cooperative-{self.number}.test"

    @property
    def did(self) -> str:
        return f"did:web:{self.host}"

    @property
    def assertion_key(self) -> KeyPair:
        return KeyPair(bytes([self.number, 1]) * 16)

    @property
    def peer_key(self) -> KeyPair:
        return KeyPair(bytes([self.number, 2]) * 16)

    def build(self, *, seq: int = NOW_S, exp: int = NOW_S + 86_400) -> CooperativeRecord:
        """A record that is bound to the libp2p key but not yet signed."""
        peer_id = compute_peer_id(self.peer_key.public_key)
        message = compute_peer_proof_message(did=self.did, peer_id=peer_id, seq=seq, exp=exp)
        return CooperativeRecord(
            did=self.did,
            name=f"Cooperative {self.number}",
            actor=f"https://{self.host}/actor",
            inbox=f"https://{self.host}/inbox",
            ledger=LedgerAddress(
                chain_id="test-heart-1", node_id="ab" * 20, address="127.0.0.1:26656"
            ),
            peer_id=peer_id,
            peer_addresses=("/ip4/127.0.0.1/tcp/4001",),
            software="rochdale/0.1.0",
            seq=seq,
            iat=exp - 86_400,
            exp=exp,
            peer_proof=self.peer_key.sign(message),
        )

    def sign(self, record: CooperativeRecord, **changes: object) -> str:
        """A signed record, with fields changed before signing."""
        changed = replace(record, **changes)  # type: ignore[arg-type]
        return sign_record(changed, key=self.assertion_key, kid=f"{self.did}#assertion")

    def publish(self, *, seq: int = NOW_S, exp: int = NOW_S + 86_400) -> str:
        """A signed record."""
        return self.sign(self.build(seq=seq, exp=exp))


@pytest.fixture
def now_s() -> int:
    """The time at which the made-up records are fresh."""
    return NOW_S


@pytest.fixture(scope="session")
def make_cooperative() -> Callable[[int], Cooperative]:
    """A cooperative by its number, 0 to 255."""
    return Cooperative


@pytest.fixture
def cooperative() -> Cooperative:
    """One cooperative."""
    return Cooperative(1)


@pytest.fixture
def other() -> Cooperative:
    """Another cooperative."""
    return Cooperative(2)
