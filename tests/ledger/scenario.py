"""A chain of one cooperative that tests drive through the application, as the engine would."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tendermint.abci import types_pb2 as abci

from did.accounts import Inception
from did.keys import KeyPair
from governance.context import BlockContext
from governance.genesis import GenesisCooperative, GenesisState
from governance.proposal_records import Choice, ProposalKind, compute_ballot_id
from governance.records import Role, compute_office_account_id
from governance.transactions import (
    AdmitMembers,
    CastBallot,
    Payload,
    SubmitProposal,
    compute_proposal_id,
)
from ledger.app_hash import STATE_PART
from ledger.application import Application
from ledger.engine import compute_node_id
from ledger.envelope import sign_transaction
from ledger.genesis import Founder, assemble_genesis, render_founder
from ledger.ics23 import SMT, TENDERMINT, check_absence, check_membership, decode_existence
from ledger.queries import SIMPLE_PROOF, SMT_PROOF
from ledger.store import Store, create_store
from tests.bylaws import make_bylaws

CHAIN_ID = "test-scenario-1"
GENESIS_MS = 1_700_000_000_000
BLOCK_MS = 1_000
TIME_SCALE = 60_480
DISCUSSION_MS = 10_000
"""Seven days, scaled."""
VOTING_MS = 259_200_000 // TIME_SCALE
"""Three days, scaled."""
ROOT, REGISTRAR, CONSENSUS, NODE = (KeyPair(bytes([seed]) * 32) for seed in range(1, 5))
BYLAWS = make_bylaws(proposals={"open_per_member_max": 4})


def make_inception(key: KeyPair) -> Inception:
    """An inception record of a key, without successor or guardians."""
    return Inception(
        public_key=key.public_key,
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
    )


def make_member(number: int) -> KeyPair:
    """The key of a member, by number."""
    return KeyPair(b"member".ljust(28, b".") + number.to_bytes(4, "big"))


COOPERATIVE = make_inception(ROOT).compute_id()
REGISTRAR_ACCOUNT = compute_office_account_id(cooperative=COOPERATIVE, role=Role.REGISTRAR)
GENESIS = GenesisState(
    network="test-scenario",
    time_scale=TIME_SCALE,
    bylaws=BYLAWS,
    cooperatives=(
        GenesisCooperative(
            inception=make_inception(ROOT),
            did="did:web:one.test",
            registrar_key=REGISTRAR.public_key,
            assertion_key=NODE.public_key,
            consensus_key=CONSENSUS.public_key,
            node_id=bytes(20),
        ),
    ),
)


def render_genesis(
    *,
    chain_id: str,
    network: str,
    bylaws: dict[str, Any],
    time_scale: int,
    genesis_time_ms: int,
    followers: Sequence[str] = (),
) -> bytes:
    """The genesis file of a chain with one validator.

    Args:
        chain_id: Of the chain.
        network: Of its accounts.
        bylaws: As their file says it.
        time_scale: Divides windows.
        genesis_time_ms: When it begins.
        followers: Node ids of members that do not validate, so that they may connect.
    """
    validating = Founder(
        chain_id=chain_id,
        network=network,
        name="One",
        origin="https://one.test",
        inception=make_inception(ROOT),
        registrar_key=REGISTRAR.public_key,
        assertion_key=NODE.public_key,
        consensus_key=CONSENSUS.public_key,
        node_id=compute_node_id(NODE.public_key),
        p2p_address="127.0.0.1:26656",
    )
    offers = [render_founder(validating, root_key=ROOT)]
    offers += [
        _offer_of_follower(validating, node_id, number)
        for number, node_id in enumerate(followers, 2)
    ]
    return assemble_genesis(
        offers,
        chain_id=chain_id,
        network=network,
        bylaws=bylaws,
        time_scale=time_scale,
        genesis_time_ms=genesis_time_ms,
    )


def make_follower(number: int) -> KeyPair:
    """Every key of a member that does not validate; numbered from 2."""
    return KeyPair(b"follower".ljust(31, b".") + bytes([number]))


def _offer_of_follower(like: Founder, node_id: str, number: int) -> str:
    key = make_follower(number)
    follower = replace(
        like,
        name=f"Follower {number}",
        origin=f"https://follower{number}.test",
        inception=make_inception(key),
        registrar_key=key.public_key,
        assertion_key=key.public_key,
        consensus_key=b"",
        node_id=node_id,
        p2p_address=f"127.0.0.1:{26_656 + number}",
    )
    return render_founder(follower, root_key=key)


def make_block(height: int, *, time_ms: int | None = None) -> BlockContext:
    """A block at its usual time."""
    time_ms = GENESIS_MS + height * BLOCK_MS if time_ms is None else time_ms
    return BlockContext(height=height, time_ms=time_ms, chain_id=CHAIN_ID)


def sign(key: KeyPair, payload: Payload, **changes: Any) -> bytes:
    """A transaction of a member, or of the registrar's office."""
    is_registrar = key == REGISTRAR
    fields: dict[str, Any] = {
        "chain_id": CHAIN_ID,
        "account": REGISTRAR_ACCOUNT if is_registrar else make_inception(key).compute_id(),
        "nonce": 1,
        "valid_until_ms": GENESIS_MS + 3_600_000,
        "payload": payload,
        "keys": [key],
    }
    return sign_transaction(**(fields | changes))


def admit(*keys: KeyPair, **changes: Any) -> bytes:
    """The registrar's transaction that admits members."""
    inceptions = tuple(make_inception(key) for key in keys)
    payload = AdmitMembers(cooperative=COOPERATIVE, inceptions=inceptions)
    return sign(REGISTRAR, payload, **changes)


MOTION = SubmitProposal(
    cooperative=COOPERATIVE, kind=ProposalKind.ORDINARY, text_hash=bytes([7]) * 32, subject=b""
)


def render_init_chain(genesis: GenesisState = GENESIS, **changes: Any) -> abci.RequestInitChain:
    """What the engine says when a chain begins."""
    request = abci.RequestInitChain(
        chain_id=CHAIN_ID,
        app_state_bytes=json.dumps(genesis.to_json()).encode(),
        initial_height=1,
    )
    request.time.FromMilliseconds(GENESIS_MS)
    request.consensus_params.version.app = 1
    for name, value in changes.items():
        setattr(request, name, value)
    return request


def render_block(
    height: int, transactions: Sequence[bytes] = (), *, time_ms: int | None = None
) -> abci.RequestFinalizeBlock:
    """What the engine says when a block is decided."""
    request = abci.RequestFinalizeBlock(height=height, txs=transactions)
    request.time.FromMilliseconds(make_block(height, time_ms=time_ms).time_ms)
    return request


@dataclass
class Chain:
    """An application and the engine's side of its chain."""

    path: Path
    application: Application
    store: Store
    height: int = 0
    time_ms: int = GENESIS_MS
    blocks: list[abci.RequestFinalizeBlock] = field(default_factory=list)

    @classmethod
    def start(cls, path: Path) -> "Chain":
        """A new chain, begun."""
        create_store(path)
        store = Store.open(path)
        chain = cls(path, Application(store, software_version="0"), store)
        chain.application.init_chain(render_init_chain())
        return chain

    def restart(self) -> None:
        """Lose all that was in memory."""
        self.store.close()
        self.store = Store.open(self.path)
        self.application = Application(self.store, software_version="0")

    def finalize(
        self, *transactions: bytes, after_ms: int = BLOCK_MS
    ) -> abci.ResponseFinalizeBlock:
        """Decide the next block, without committing it."""
        time_ms = self.time_ms + after_ms
        self.blocks.append(render_block(self.height + 1, transactions, time_ms=time_ms))
        return self.application.finalize_block(self.blocks[-1])

    def run(self, *transactions: bytes, after_ms: int = BLOCK_MS) -> abci.ResponseFinalizeBlock:
        """Decide and commit the next block."""
        response = self.finalize(*transactions, after_ms=after_ms)
        self.application.commit(abci.RequestCommit())
        self.height += 1
        self.time_ms += after_ms
        return response

    def check(self, data: bytes, *, is_recheck: bool = False) -> int:
        """The code that CheckTx answers."""
        kind = abci.RECHECK if is_recheck else abci.NEW
        return self.application.check_tx(abci.RequestCheckTx(tx=data, type=kind)).code

    def open_voting(self, members_count: int) -> bytes:
        """Admit members, let the first propose, open voting; the proposal's id."""
        keys = [make_member(number) for number in range(members_count)]
        batches = [keys[start : start + 64] for start in range(0, members_count, 64)]
        self.run(*(admit(*batch, nonce=nonce) for nonce, batch in enumerate(batches, 1)))
        self.run(sign(keys[0], MOTION))
        self.run()
        self.run(after_ms=DISCUSSION_MS)
        self.run()
        account = make_inception(keys[0]).compute_id()
        return compute_proposal_id(account=account, nonce=1, payload=MOTION)


def cast(number: int, proposal_id: bytes, choice: Choice = Choice.YES, **changes: Any) -> bytes:
    """A member's ballot; with nonce 2, since 1 may be a motion's."""
    ballot = CastBallot(cooperative=COOPERATIVE, proposal_id=proposal_id, choice=choice)
    return sign(make_member(number), ballot, **({"nonce": 2} | changes))


def ballot_of(number: int, proposal_id: bytes) -> bytes:
    """The identity of a member's ballot."""
    account = make_inception(make_member(number)).compute_id()
    return compute_ballot_id(proposal_id=proposal_id, account=account)


def check_answer(answer: abci.ResponseQuery, key: bytes, *, app_hash: bytes) -> bytes | None:
    """The value that an answer proves under an app hash, None if it proves that there is none."""
    assert answer.code == 0, answer.log
    of_key, of_root = answer.proof_ops.ops
    assert (of_key.type, of_key.key) == (SMT_PROOF, key)
    assert (of_root.type, of_root.key) == (SIMPLE_PROOF, STATE_PART)
    root = decode_existence(of_root.data, spec=TENDERMINT).value
    check_membership(spec=TENDERMINT, root=app_hash, key=STATE_PART, value=root, proof=of_root.data)
    if not answer.value:
        check_absence(root=root, key=key, proof=of_key.data)
        return None
    check_membership(spec=SMT, root=root, key=key, value=answer.value, proof=of_key.data)
    return answer.value
