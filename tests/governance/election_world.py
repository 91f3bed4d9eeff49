"""Elections and petitions that tests bring as far as they need."""

import hashlib
from collections.abc import Iterable, Sequence

from governance.body_records import BodyKind
from governance.body_transactions import (
    Nominate,
    RevealSalt,
    SignPetition,
    StartPetition,
    WithdrawNomination,
    compute_petition_id,
)
from governance.count.ties import compute_commitment
from governance.member_acts import ElectBody
from governance.proposal_records import Choice, ProposalKind, Stage
from tests.governance.body_world import (
    REASONS,
    fill,
    make_world_with_officers,
    office,
    view_of,
)
from tests.governance.world import (
    COOPERATIVE,
    TIME_SCALE,
    Act,
    World,
    member,
    proposal_id_of,
    propose,
    vote,
)

DAY_MS = 86_400_000 // TIME_SCALE
YEAR_MS = 365 * 86_400_000 // TIME_SCALE


def elect(body: BodyKind, *, number: int = 1, nonce: int = 1) -> Act:
    return propose(number, kind=ProposalKind.ELECTION, act=ElectBody(body=body), nonce=nonce)


def salt_of(number: int) -> bytes:
    return hashlib.sha256(b"salt %d" % number).digest()


def nominate(number: int, election: Act, *, nonce: int = 1) -> Act:
    payload = Nominate(
        cooperative=COOPERATIVE,
        proposal_id=proposal_id_of(election),
        statement_hash=REASONS,
        salt_commitment=compute_commitment(salt_of(number)),
    )
    return Act(office(number), payload, nonce)


def reveal(number: int, election: Act, *, salt: bytes | None = None) -> Act:
    payload = RevealSalt(
        cooperative=COOPERATIVE,
        proposal_id=proposal_id_of(election),
        salt=salt_of(number) if salt is None else salt,
    )
    return Act(office(number), payload)


def go_on_until(world: World, act: Act, stage: Stage) -> None:
    for _ in range(200):
        if world.get_proposal(act).stage is stage:
            return
        world.run(after_ms=DAY_MS)
    raise AssertionError(f"it stays {world.get_proposal(act).stage}")


def mark(election: Act, world: World, numbers: Iterable[int]) -> bytes:
    """Marks by which a ballot names offices, in this order."""
    paper = view_of(world).require_ballot_paper(COOPERATIVE, proposal_id_of(election))
    return bytes(paper.options.index(office(number)) for number in numbers)


def hold_election(
    world: World, body: BodyKind, candidates: Sequence[int], ballots: Sequence[Sequence[int]]
) -> Act:
    """Elect a body; each ballot names candidates by number, the first member's first."""
    election = elect(body)
    world.run(election)
    assert world.refusals == [None]
    go_on_until(world, election, Stage.NOMINATION)
    world.run(*(nominate(number, election) for number in candidates))
    assert world.refusals == [None] * len(candidates)
    go_on_until(world, election, Stage.VOTING)
    proposal_id = proposal_id_of(election)
    for number, named in enumerate(ballots, start=1):
        choice = mark(election, world, named) or Choice.ABSTAIN
        assert world.refuse(vote(number, proposal_id, choice), after_ms=1) is None
    go_on_until(world, election, Stage.REVEAL)
    world.run(*(reveal(number, election) for number in candidates))
    assert world.refusals == [None] * len(candidates)
    while world.get_proposal(election).stage is not Stage.CLOSED:
        world.run(after_ms=DAY_MS)
    return election


def sitting(world: World, body: BodyKind) -> list[int]:
    offices = view_of(world).get_body(COOPERATIVE, body).offices
    return sorted(number for number in range(1, 10) if office(number) in offices)


def start_petition(number: int, target: int, *, nonce: int = 1) -> Act:
    payload = StartPetition(
        cooperative=COOPERATIVE, body=BodyKind.COMMITTEE, office=office(target), text_hash=REASONS
    )
    return Act(member(number), payload, nonce)


def petition_of(started: Act) -> bytes:
    assert isinstance(started.payload, StartPetition)
    return compute_petition_id(
        account=started.account, nonce=started.nonce, payload=started.payload
    )


def sign(number: int, started: Act) -> Act:
    payload = SignPetition(cooperative=COOPERATIVE, petition=petition_of(started))
    return Act(member(number), payload)


def make_petition_world() -> World:
    """Of thirty members three make a petition; a committee sits."""
    world = make_world_with_officers(30)
    fill(world, BodyKind.COMMITTEE, range(1, 8))
    return world


ELECTION = elect(BodyKind.MEDIATORS)


def standing(stage: Stage) -> World:
    """A world in which the first officer stands, and members vote if it comes to that."""
    world = make_world_with_officers()
    world.run(ELECTION)
    go_on_until(world, ELECTION, Stage.NOMINATION)
    world.run(nominate(1, ELECTION))
    if stage is Stage.REVEAL:
        go_on_until(world, ELECTION, Stage.VOTING)
        marks = mark(ELECTION, world, [1])
        world.run(*(vote(number, proposal_id_of(ELECTION), marks) for number in (1, 2, 3, 4)))
        go_on_until(world, ELECTION, stage)
    return world


def withdraw_nomination(number: int, election: Act) -> Act:
    payload = WithdrawNomination(cooperative=COOPERATIVE, proposal_id=proposal_id_of(election))
    return Act(office(number), payload)
