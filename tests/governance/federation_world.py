"""A federation whose validator set is kept as the engine keeps it, driven block by block."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from governance import machine
from governance.acts import (
    AdmitCooperative,
    FederalAct,
    NewCooperative,
    compute_request_input,
)
from governance.context import BlockContext, BlockFacts, Misbehaviour
from governance.events import Event
from governance.federal_events import ValidatorUpdated
from governance.federal_view import FederalView
from governance.records import Cooperative
from governance.transactions import (
    ApproveFederalAct,
    ProposeFederalAct,
    compute_motion_id,
)
from tests.governance.engine_model import EngineModel, address_of
from tests.governance.world import (
    BLOCK_MS,
    CHAIN_ID,
    GENESIS_MS,
    TIME_SCALE,
    Act,
    World,
    make_cooperative,
    make_genesis,
    make_key,
)

NETWORK = "test-heart"
BUCKET_MS = 3_000
"""Silence is counted in stretches of three seconds on this chain."""
FEDERAL_WINDOW_MS = 30 * 86_400_000 // TIME_SCALE
NOTICE_MS = FEDERAL_WINDOW_MS


@dataclass
class FederationWorld(World):
    """A world whose blocks say who signed."""

    engine: EngineModel = field(default_factory=EngineModel)
    silent: list[bytes] = field(default_factory=list)
    """Cooperatives whose validators sign nothing."""
    accused: list[Misbehaviour] = field(default_factory=list)
    """Of the next block."""

    @property
    def federal(self) -> FederalView:
        return FederalView(self.kv)

    @property
    def silent_keys(self) -> list[bytes]:
        """Every key that a silent cooperative has in the engine's sets."""
        known = {**self.engine.last_validators, **self.engine.validators}
        return [key for key in known if self._owner(key) in self.silent]

    def run(self, *acts: Act, after_ms: int = BLOCK_MS) -> list[Event]:
        self.height += 1
        self.time_ms += after_ms
        block = BlockContext(height=self.height, time_ms=self.time_ms, chain_id=CHAIN_ID)
        facts = BlockFacts(
            votes=self.engine.votes(self.silent_keys), misbehaviours=tuple(self.accused)
        )
        self.accused = []
        self.events = list(machine.begin_block(self.kv, block, facts))
        self.refusals = []
        for act in acts:
            self._apply(act, block)
        self.events += machine.end_block(self.kv, block)
        self.engine.finish(self.updates)
        return self.events

    @property
    def updates(self) -> list[ValidatorUpdated]:
        """What the engine was told by the last block."""
        return [event for event in self.events if isinstance(event, ValidatorUpdated)]

    def cooperative(self, number: int) -> Cooperative:
        return self.federal.require_cooperative(coop(number))

    def accuse(self, number: int, *, height: int, kind: int = 1) -> None:
        """Let the next block hold proof that a cooperative's validator signed twice."""
        validator = self.cooperative(number).validator
        assert validator is not None
        self.accused.append(
            Misbehaviour(
                address=address_of(validator.consensus_key),
                kind=kind,
                height=height,
                time_ms=self.time_ms,
            )
        )

    def enact(self, act: FederalAct, *, by: int = 0, approvals: Sequence[int], nonce: int) -> None:
        """Propose an act and let others approve it, all in one block."""
        proposed = propose_act(by, act, nonce=nonce)
        self.run(proposed, *(approve(number, proposed, nonce=nonce) for number in approvals))
        assert self.refusals == [None] * (1 + len(approvals)), self.refusals

    def run_silence(self, *numbers: int, buckets: int) -> None:
        """Run blocks over whole stretches of time in which some sign nothing."""
        self.silent = [coop(number) for number in numbers]
        for _ in range(buckets):
            self.run(after_ms=BUCKET_MS)
        self.silent = []

    def _owner(self, key: bytes) -> bytes:
        found = self.federal.get_consensus_key(address_of(key))
        assert found is not None
        return found.cooperative


def make_federation(
    validators: int = 4, *, members: int = 0, first: int = 0, **changes: Any
) -> FederationWorld:
    """A federation of validators and further members, numbered from `first` on."""
    cooperatives = [
        make_cooperative(first + number, is_validating=number < validators)
        for number in range(validators + members)
    ]
    genesis = make_genesis(
        cooperatives=tuple(sorted(cooperatives, key=lambda cooperative: cooperative.id)),
        **changes,
    )
    world = FederationWorld()
    block = BlockContext(height=1, time_ms=GENESIS_MS, chain_id=CHAIN_ID)
    events = machine.init_state(world.kv, genesis, block, rules_version=1)
    initial = [event for event in events if isinstance(event, ValidatorUpdated)]
    world.engine = EngineModel.begin(initial)
    return world


def coop(number: int) -> bytes:
    """A cooperative's id, which is also its root account's."""
    return make_cooperative(number).id


def spare_key(number: int) -> bytes:
    """A consensus key that no cooperative begins with."""
    return make_key(900_000 + number).public_key


def request_of(number: int, **changes: object) -> AdmitCooperative:
    """The signed request of a cooperative that is not in the genesis."""
    founder = make_cooperative(number, is_validating=False)
    fields = {name: getattr(founder, name) for name in NewCooperative.__struct_fields__}
    request = NewCooperative(**{**fields, **changes})
    root = make_key(10_000 + 10 * number)
    signature = root.sign(compute_request_input(request, network=NETWORK))
    return AdmitCooperative(request=request, signature=signature)


def propose_act(number: int, act: FederalAct, *, nonce: int = 1) -> Act:
    return Act(coop(number), ProposeFederalAct(act=act), nonce)


def motion_of(proposed: Act) -> bytes:
    assert isinstance(proposed.payload, ProposeFederalAct)
    return compute_motion_id(
        account=proposed.account, nonce=proposed.nonce, payload=proposed.payload
    )


def approve(number: int, proposed: Act, *, nonce: int = 1) -> Act:
    return Act(coop(number), ApproveFederalAct(motion=motion_of(proposed)), nonce)
