"""A chain whose members vote: genesis, admissions, a motion, and any number of signed ballots.

All keys follow from names, so every chain of a run has the same members and the same
proposal, and ballots are signed once, before any clock runs. The chain's id is as long as it
takes to make a ballot `TX_BYTES` long, like the transactions of the peer.
"""

import functools
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from config.errors import InvariantError
from config.limits import ADMISSIONS_PER_TX_MAX
from did.accounts import Inception
from did.keys import KeyPair
from governance.proposal_records import Choice, ProposalKind
from governance.records import Role, compute_office_account_id
from governance.transactions import (
    AdmitMembers,
    CastBallot,
    Payload,
    SubmitProposal,
    compute_proposal_id,
)
from ledger.engine import compute_node_id
from ledger.envelope import sign_transaction
from ledger.genesis import Founder, assemble_genesis, render_founder
from node.chain import load_bylaws

TX_BYTES = 250
"""Every transaction of a burst, ours and the peer's."""
DISCUSSION_MS = 3_000
"""What the charter's seven days shrink to; voting then lasts 366 of these days: 157 s."""
VOTING_DAYS = 366
_DISCUSSION_S = 604_800
TIME_SCALE = _DISCUSSION_S * 1_000 // DISCUSSION_MS
_VALIDITY_MS = 12 * 3_600_000
_NETWORK = "test-bench"
_NO_PORT = 1
"""Of a cooperative whose engine nobody dials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """The keys of one founder's node."""

    index: int

    @property
    def consensus_key(self) -> KeyPair:
        """Signs blocks."""
        return derive_key(f"consensus {self.index}")

    @property
    def node_key(self) -> KeyPair:
        """Names its engine."""
        return derive_key(f"node {self.index}")

    @property
    def node_id(self) -> str:
        """How other engines know it."""
        return compute_node_id(self.node_key.public_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Electorate:
    """The members of every founder's cooperative, and what they send.

    Members are dealt to the cooperatives in turn, and each cooperative votes on motions of its
    own: no cooperative may fill a node's mempool alone. Every ballot is its member's first on
    a motion, so each makes a new record of state.
    """

    chain_id: str
    cooperatives_count: int
    motions_count: int
    """Before each cooperative; one member makes one at most."""
    members: tuple[KeyPair, ...]
    valid_until_ms: int
    """Of every transaction; within a day of every block's time."""

    @property
    def ballots_max(self) -> int:
        """How many ballots there are."""
        return len(self.members) * self.motions_count

    def get_cooperative(self, index: int) -> bytes:
        """The id of one founder's cooperative."""
        return make_inception(derive_key(f"root {index}")).compute_id()

    def get_proposal_id(self, index: int, number: int) -> bytes:
        """What a cooperative's ballots on one of its motions are about."""
        author = self._get_author(index, number)
        return _compute_proposal_id(self.get_cooperative(index), author=author)

    def sign_admissions(self) -> list[list[bytes]]:
        """Each registrar's transactions that put every member on the roll."""
        return [
            self._sign_admissions(index, self.members[index :: self.cooperatives_count])
            for index in range(self.cooperatives_count)
        ]

    def sign_admission(self, index: int, members: Sequence[KeyPair], *, nonce: int) -> bytes:
        """A registrar's transaction that puts some on the roll."""
        cooperative = self.get_cooperative(index)
        payload = AdmitMembers(
            cooperative=cooperative,
            inceptions=tuple(make_inception(member) for member in members),
        )
        registrar = compute_office_account_id(cooperative=cooperative, role=Role.REGISTRAR)
        key = derive_key(f"registrar {index}")
        return self._sign(payload, key=key, account=registrar, nonce=nonce)

    def sign_motions(self) -> list[bytes]:
        """The transactions that begin every vote; their authors are admitted first."""
        return [
            self._sign_motion(index, number)
            for number in range(self.motions_count)
            for index in range(self.cooperatives_count)
        ]

    def sign_ballots(self, count: int, *, first: int = 0) -> list[bytes]:
        """Ballots of one series: member after member, then each on the next motion.

        Args:
            count: How many.
            first: Place of the first in the series.
        """
        if first + count > self.ballots_max:
            raise InvariantError(f"{first + count} ballots are more than {self.ballots_max}")
        return [self._sign_ballot(place) for place in range(first, first + count)]

    def _sign_admissions(self, index: int, members: Sequence[KeyPair]) -> list[bytes]:
        starts = range(0, len(members), ADMISSIONS_PER_TX_MAX)
        return [
            self.sign_admission(index, members[start : start + ADMISSIONS_PER_TX_MAX], nonce=nonce)
            for nonce, start in enumerate(starts, 1)
        ]

    def _get_author(self, index: int, number: int) -> KeyPair:
        return self.members[number * self.cooperatives_count + index]

    def _sign_motion(self, index: int, number: int) -> bytes:
        author, motion = self._get_author(index, number), _make_motion(self.get_cooperative(index))
        return self._sign(motion, key=author, account=_get_account(author), nonce=1)

    def _sign_ballot(self, place: int) -> bytes:
        turn, number = divmod(place, len(self.members))
        index = number % self.cooperatives_count
        payload = CastBallot(
            cooperative=self.get_cooperative(index),
            proposal_id=self.get_proposal_id(index, turn),
            choice=Choice.YES if place % 3 else Choice.NO,
        )
        member = self.members[number]
        # Nonce 1 is the motion's.
        return self._sign(payload, key=member, account=_get_account(member), nonce=turn + 2)

    def _sign(self, payload: Payload, *, key: KeyPair, account: bytes, nonce: int) -> bytes:
        return sign_transaction(
            chain_id=self.chain_id,
            account=account,
            nonce=nonce,
            valid_until_ms=self.valid_until_ms,
            payload=payload,
            keys=[key],
        )


def make_electorate(
    members_count: int, *, cooperatives_count: int = 1, motions_count: int = 1, now_ms: int
) -> Electorate:
    """Members whose ballots have `TX_BYTES`.

    Args:
        members_count: Of all cooperatives together; at least one in each.
        cooperatives_count: Founders and validators of the chain.
        motions_count: Before each cooperative; their authors are among its first 64 members.
        now_ms: When the chain begins.
    """
    if motions_count > min(ADMISSIONS_PER_TX_MAX, members_count // cooperatives_count):
        raise InvariantError(f"{members_count} members cannot make {motions_count} motions")
    members = tuple(derive_key(f"member {number}") for number in range(members_count))

    def gather(chain_id: str) -> Electorate:
        return Electorate(
            chain_id=chain_id,
            cooperatives_count=cooperatives_count,
            motions_count=motions_count,
            members=members,
            valid_until_ms=now_ms + _VALIDITY_MS,
        )

    shortest = f"{_NETWORK}-1"
    missing = TX_BYTES - len(gather(shortest).sign_ballots(1)[0])
    electorate = gather(f"{_NETWORK}-{'0' * max(missing, 0)}1")
    found = len(electorate.sign_ballots(1)[0])
    if found != TX_BYTES:
        raise InvariantError(f"a ballot has {found} bytes and cannot have {TX_BYTES}")
    return electorate


def render_genesis(
    electorate: Electorate,
    *,
    engine_ports: Sequence[int],
    genesis_time_ms: int,
    followers_count: int = 0,
) -> bytes:
    """The genesis file of a chain with as many validators as ports on this machine.

    Args:
        electorate: Its members.
        engine_ports: One for each validator.
        genesis_time_ms: When it begins.
        followers_count: Cooperatives without a validator; their indices follow.
    """
    offers = []
    for index, port in enumerate([*engine_ports, *[_NO_PORT] * followers_count]):
        root, validator = derive_key(f"root {index}"), Validator(index=index)
        founder = Founder(
            chain_id=electorate.chain_id,
            network=_NETWORK,
            name=f"Cooperative {index}",
            origin=f"https://bench-{index}.test",
            inception=make_inception(root),
            registrar_key=derive_key(f"registrar {index}").public_key,
            assertion_key=derive_key(f"assertion {index}").public_key,
            consensus_key=validator.consensus_key.public_key if port != _NO_PORT else b"",
            node_id=validator.node_id,
            p2p_address=f"127.0.0.1:{port}",
        )
        offers.append(render_founder(founder, root_key=root))
    return assemble_genesis(
        offers,
        chain_id=electorate.chain_id,
        network=_NETWORK,
        bylaws=load_bylaws("patient-group"),
        time_scale=TIME_SCALE,
        genesis_time_ms=genesis_time_ms,
    )


def make_pairs(count: int, *, first: int = 0) -> list[bytes]:
    """Transactions of the key-value peer: `key=value`, `TX_BYTES` long, all different."""
    return [
        f"{place:010d}=".encode().ljust(TX_BYTES, b"v") for place in range(first, first + count)
    ]


def make_inception(key: KeyPair) -> Inception:
    """An inception record of a key, without successor or guardians."""
    return Inception(
        public_key=key.public_key,
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
    )


@functools.cache
def derive_key(name: str) -> KeyPair:
    """The key of a name: benchmarks have no secrets."""
    return KeyPair(hashlib.sha256(b"rochdale benchmark " + name.encode()).digest())


def get_now_ms() -> int:
    """The clock's time, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def _make_motion(cooperative: bytes) -> SubmitProposal:
    return SubmitProposal(
        cooperative=cooperative,
        kind=ProposalKind.ORDINARY,
        text_hash=hashlib.sha256(b"A motion").digest(),
        subject=b"",
        voting_days=VOTING_DAYS,
    )


@functools.cache
def _compute_proposal_id(cooperative: bytes, *, author: KeyPair) -> bytes:
    return compute_proposal_id(
        account=_get_account(author), nonce=1, payload=_make_motion(cooperative)
    )


@functools.cache
def _get_account(member: KeyPair) -> bytes:
    return make_inception(member).compute_id()
