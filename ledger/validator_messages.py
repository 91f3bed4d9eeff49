"""What engine and rules tell each other of validators, in the engine's messages.

Reads and writes messages; which validators there are is the rules' matter.
"""

from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp
from tendermint.abci import types_pb2 as abci
from tendermint.types import validator_pb2

from config.errors import InvariantError
from governance.context import BlockFacts, Misbehaviour, Vote
from governance.events import Event
from governance.federal_events import ValidatorUpdated


def read_facts(request: abci.RequestFinalizeBlock) -> BlockFacts:
    """Who signed the block before, and who is proven to have signed twice.

    A vote for no block is a sign of life as good as any other.
    """
    return BlockFacts(
        votes=tuple(
            Vote(
                address=vote.validator.address,
                has_signed=vote.block_id_flag != validator_pb2.BLOCK_ID_FLAG_ABSENT,
            )
            for vote in request.decided_last_commit.votes
        ),
        misbehaviours=tuple(
            Misbehaviour(
                address=item.validator.address,
                kind=item.type,
                height=item.height,
                time_ms=to_ms(item.time),
            )
            for item in request.misbehavior
        ),
    )


def render_updates(events: Iterable[Event]) -> list[abci.ValidatorUpdate]:
    """What the engine is to change in its validator set."""
    updates = []
    for event in events:
        if isinstance(event, ValidatorUpdated):
            update = abci.ValidatorUpdate(power=event.power)
            update.pub_key.ed25519 = event.consensus_key
            updates.append(update)
    return updates


def check_initial(request: abci.RequestInitChain, updates: Iterable[abci.ValidatorUpdate]) -> None:
    """Check that engine and rules begin with the same validators, if the engine names any.

    Raises:
        InvariantError: The genesis file names others beside the state than in it.
    """
    theirs = sorted(update.SerializeToString(deterministic=True) for update in request.validators)
    ours = sorted(update.SerializeToString(deterministic=True) for update in updates)
    if theirs and theirs != ours:
        raise InvariantError("the genesis file's validators are not those of its cooperatives")


def to_ms(time: Timestamp) -> int:
    """A time of the engine in milliseconds since 1970, UTC."""
    return time.seconds * 1_000 + time.nanos // 1_000_000
