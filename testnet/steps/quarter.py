"""A quarter in the life of a cooperative, on four nodes that must agree on all of it.

Founding, an election, a reviewed proposal, a veto and its override, an emergency act, a
distribution; its dispute is in `testnet.steps.dispute`. Time is scaled; everything else is as
members and officers do it.
"""

from dataclasses import dataclass

from governance.body_acts import (
    RULES,
    Recommend,
    Review,
    Stance,
    SuspendPeer,
    Veto,
    compute_needed,
)
from governance.body_records import BodyKind
from governance.body_transactions import compute_ratification_id
from governance.election_records import BallotPaper
from governance.member_acts import ElectBody
from governance.proposal_records import Enactment, Proposal, ProposalKind
from governance.state_keys import Collection, state_key
from governance.transactions import Payload
from governance.value.books import Draft, Leg
from governance.value.chart import BANK
from governance.value.period import DistributionSplit
from governance.value.records import Period
from governance.value.transactions import ClosePeriod, NewAccount, OpenAccounts, PostEntries
from ledger.rpc import EngineClient
from node.sending import read_state
from testnet.community import Member, Motion
from testnet.invariants import check_agreement, check_progress
from testnet.officers import Officer, make_officers, read_body, send_as_root
from testnet.steps.vote import wait_closed
from testnet.story import Story
from testnet.story_checks import check, for_each, wait_until

_STAGE_TIMEOUT_S = 90.0
_REASONS_HASH = bytes([2]) * 32
_DIGEST = bytes([3]) * 32
_LICENCES = 4_000
_REVENUE_MINOR = 10_000_000


@dataclass(slots=True)
class Quarter:
    """The cooperative that lives through it."""

    story: Story

    @property
    def officers(self) -> list[Officer]:
        """Whoever has an office account."""
        check(bool(self.story.officers), "the quarter has not begun")
        return self.story.officers

    @property
    def members(self) -> list[Member]:
        """Of the first cooperative."""
        return self.story.community.members_of(self.story.federation.nodes[0])

    @property
    def cooperative(self) -> bytes:
        """The first cooperative's id."""
        return self.members[0].wallet.get_home().cooperative_id

    async def read(self, collection: Collection, record_id: bytes) -> bytes:
        """A record of the cooperative's state, as the first node says."""
        home = self.story.federation.nodes[0].home
        async with EngineClient(home.rpc_socket) as engine:
            return await read_state(engine, state_key(self.cooperative, collection, record_id))

    async def send_as_root(self, payload: Payload) -> None:
        """Send a transaction with the cooperative's own key."""
        federation = self.story.federation
        await send_as_root(
            federation.nodes[0],
            payload,
            chain_id=federation.genesis.chain_id,
            cooperative=self.cooperative,
        )

    async def accept(self, motion: Motion) -> None:
        """Let everybody vote yes, and wait until every node knows the outcome."""
        await await_stage(motion, "voting")
        await for_each(_vote(member, motion, "yes") for member in self.members)
        await wait_closed(self.story, motion)


async def run_founding(story: Story) -> None:
    """Offices are opened, and a committee and the privacy group are elected."""
    quarter = Quarter(story)
    chain_id = story.federation.genesis.chain_id
    story.officers = await make_officers(quarter.members, chain_id=chain_id)
    story.tell(f"{len(quarter.officers)} office accounts are open; whose they are, nobody can tell")
    await _elect(quarter, BodyKind.COMMITTEE, quarter.officers)
    await _elect(quarter, BodyKind.PRIVACY, quarter.officers[:3])


async def run_proposal(story: Story) -> None:
    """A proposal is reviewed, discussed, recommended, and accepted."""
    quarter = Quarter(story)
    author, chair = quarter.members[0], quarter.officers[0]
    motion = await author.propose("Open our reading room on Saturdays")
    await await_stage(motion, "review")
    review = Review(proposal=motion.proposal_id, stance=Stance.FOR, text_hash=_REASONS_HASH)
    await _decide(quarter, BodyKind.PRIVACY, review)
    await await_stage(motion, "discussion")
    await await_stage(motion, "recommendation")
    advice = Recommend(proposal=motion.proposal_id, stance=Stance.FOR, text_hash=_REASONS_HASH)
    await _decide(quarter, BodyKind.COMMITTEE, advice)
    await quarter.accept(motion)
    check(chair.node is motion.node, "officers act at their own node")
    story.tell("reviewed by the privacy group, recommended by the committee, accepted by members")


async def run_veto(story: Story) -> None:
    """An accepted data use is vetoed, and members override the veto."""
    quarter = Quarter(story)
    use = await quarter.members[0].propose(
        "A university studies blood pressure", kind=ProposalKind.DATA_USE, subject=_DIGEST
    )
    await quarter.accept(use)
    await _decide(
        quarter, BodyKind.PRIVACY, Veto(proposal=use.proposal_id, reasons_hash=_REASONS_HASH)
    )
    await _check_enactment(quarter, use, Enactment.VETOED)
    override = await quarter.members[1].propose(
        "The study goes on", kind=ProposalKind.VETO_OVERRIDE, subject=use.proposal_id
    )
    await quarter.accept(override)
    await _check_enactment(quarter, use, Enactment.DONE)
    story.tell("a data use was vetoed by the privacy group and begins by the members' override")


async def run_emergency(story: Story) -> None:
    """The committee suspends a partner; members do not ratify that, and it is undone."""
    quarter = Quarter(story)
    peer = story.community.members_of(story.federation.nodes[1])[0]
    partner = peer.wallet.get_home().cooperative_id
    act = SuspendPeer(peer=partner, reasons_hash=_REASONS_HASH)
    motion = await _decide(quarter, BodyKind.COMMITTEE, act)
    key = Collection.SUSPENDED_PEER
    check(bool(await quarter.read(key, partner)), "the partner is not suspended")
    vote = Motion(
        proposal_id=compute_ratification_id(motion),
        title="the emergency act",
        node=quarter.members[0].node,
    )
    await await_stage(vote, "voting")
    await for_each(_vote(member, vote, "no") for member in quarter.members)
    await wait_closed(story, vote)
    check(not await quarter.read(key, partner), "members refused, and it still holds")
    story.tell("an emergency act held at once, and was undone when members did not ratify it")


async def run_distribution(story: Story) -> None:
    """Books are opened, members vote on the split of the surplus, and the period is closed."""
    quarter = Quarter(story)
    cooperative = quarter.cooperative
    await quarter.send_as_root(
        OpenAccounts(
            cooperative=cooperative,
            currency="EUR",
            accounts=(NewAccount(code=_LICENCES, fund=0),),
            opening=(),
            reference=b"",
        )
    )
    earned = Draft(
        id=bytes([4]) * 32,
        reference=_REASONS_HASH,
        legs=(
            Leg(account=BANK, amount_minor=_REVENUE_MINOR),
            Leg(account=_LICENCES, amount_minor=-_REVENUE_MINOR),
        ),
        is_pending=False,
    )
    await quarter.send_as_root(PostEntries(cooperative=cooperative, entries=(earned,)))
    split = DistributionSplit(
        cooperative=cooperative,
        period=0,
        endowment_bps=0,
        reserve_bps=1_000,
        research_bps=3_000,
        information_bps=1_000,
        education_bps=1_000,
        dividend_bps=4_000,
    )
    motion = await quarter.members[0].propose(
        "How we split the surplus",
        kind=ProposalKind.DISTRIBUTION,
        subject=split.compute_hash(),
    )
    await quarter.accept(motion)
    await quarter.send_as_root(
        ClosePeriod(cooperative=cooperative, period=0, proposal=motion.proposal_id, split=split)
    )
    data = await quarter.read(Collection.PERIOD, (0).to_bytes(8, "big"))
    check(bool(data), "the period is not closed")
    period = Period.decode(data)
    story.tell(
        f"members voted on the split; the first period is closed: {period.members_count} "
        "members share the equal pool"
    )


async def run_agreement(story: Story) -> None:
    """Every node has the same blocks, and with them the same state, at every height."""
    nodes = story.federation.nodes
    height = await check_progress(nodes)
    await check_agreement(nodes, height=height)
    story.tell(f"all {len(nodes)} nodes agree at every one of {height} heights")


async def await_stage(motion: Motion, stage: str) -> None:
    """Wait until a proposal is at a stage."""
    await wait_until(lambda: motion.find_lag(stage), timeout_s=_STAGE_TIMEOUT_S, poll_s=0.1)


async def _elect(quarter: Quarter, body: BodyKind, candidates: list[Officer]) -> None:
    called = "privacy group" if body is BodyKind.PRIVACY else body.name.lower()
    title = f"Elect the {called}"
    election = await quarter.members[0].propose(
        title, kind=ProposalKind.ELECTION, act=ElectBody(body=body)
    )
    await await_stage(election, "nomination")
    await for_each(officer.nominate(election.proposal_id) for officer in candidates)
    await await_stage(election, "voting")
    data = await quarter.read(Collection.BALLOT_PAPER, election.proposal_id)
    paper = BallotPaper.decode(data)
    count = len(paper.options)
    await for_each(
        _vote(member, election, bytes((place + turn) % count for turn in range(count)))
        for place, member in enumerate(quarter.members)
    )
    await await_stage(election, "reveal")
    await for_each(officer.reveal(election.proposal_id) for officer in candidates)
    await wait_closed(quarter.story, election)
    seated = await read_body(quarter.members[0].node, quarter.cooperative, body)
    check(len(seated.seats) == paper.seats_count, f"{len(seated.seats)} sit in {body.name}")
    quarter.story.tell(
        f"{count} stood, {len(seated.seats)} sit in the {called}, "
        f"counted by {paper.method.name.lower().replace('_', ' ')}"
    )


async def _decide(
    quarter: Quarter, kind: BodyKind, act: Review | Recommend | Veto | SuspendPeer
) -> bytes:
    """Let as many of a body support an act as it takes; the motion."""
    body = await read_body(quarter.members[0].node, quarter.cooperative, kind)
    sitting = [officer for officer in quarter.officers if officer.account in body.offices]
    motion = await sitting[0].ask(kind, act)
    needed = compute_needed(len(sitting), RULES[type(act)].needed)
    await for_each(officer.support(motion) for officer in sitting[1:needed])
    return motion


async def _vote(member: Member, motion: Motion, choice: str | bytes) -> None:
    await member.vote(motion, choice)


async def _check_enactment(quarter: Quarter, motion: Motion, wanted: Enactment) -> None:
    data = await quarter.read(Collection.PROPOSAL, motion.proposal_id)
    found = Proposal.decode(data).enactment
    check(found is wanted, f"“{motion.title}” is {found.name.lower()}, not {wanted.name.lower()}")
