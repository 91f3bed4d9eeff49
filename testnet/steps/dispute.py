"""Two cooperatives dispute, and the uninvolved decide: a step of the quarter."""

from governance.accountability_transactions import AnswerDispute, OpenDispute, compute_dispute_id
from governance.dispute_records import Dispute, DisputeStep, DisputeVerdict
from governance.state_keys import FEDERATION, Collection, state_key
from governance.transactions import Payload
from ledger.rpc import EngineClient
from node.sending import read_state
from testnet.federation import FederationNode
from testnet.officers import send_as_root
from testnet.story import Story
from testnet.story_checks import check, wait_until

_STEP_TIMEOUT_S = 60.0
_CLAIM_HASH = bytes([5]) * 32
_DECISION_HASH = bytes([6]) * 32


async def run(story: Story) -> None:
    """Mediation ends without a settlement; the uninvolved decide, and that stands."""
    claimant, respondent = story.federation.nodes[:2]
    claim = OpenDispute(
        respondent=_get_cooperative(story, respondent),
        text_hash=_CLAIM_HASH,
    )
    nonce = await _send(story, claimant, claim)
    dispute_id = compute_dispute_id(
        account=_get_cooperative(story, claimant), nonce=nonce, payload=claim
    )
    dispute = await _await_step(story, dispute_id, DisputeStep.PANEL)
    uninvolved = [
        node for node in story.federation.nodes if _get_cooperative(story, node) in dispute.panel
    ]
    check(len(uninvolved) == len(dispute.panel) > 0, "nobody uninvolved is asked")
    check(claimant not in uninvolved and respondent not in uninvolved, "a party is asked")
    answer = AnswerDispute(dispute=dispute_id, text_hash=_DECISION_HASH)
    for node in uninvolved:
        await _send(story, node, answer)
    dispute = await _await_step(story, dispute_id, DisputeStep.CLOSED)
    check(dispute.verdict is DisputeVerdict.BY_PANEL, "the panel has not decided")
    check(dispute.answer_hash == _DECISION_HASH, "something else was decided")
    story.tell(
        f"two cooperatives found no settlement; the {len(uninvolved)} uninvolved decided, and "
        "nobody went on"
    )


def _get_cooperative(story: Story, node: FederationNode) -> bytes:
    """Id of the cooperative whose node it is."""
    return story.community.members_of(node)[0].wallet.get_home().cooperative_id


async def _send(story: Story, node: FederationNode, payload: Payload) -> int:
    chain_id, cooperative = story.federation.genesis.chain_id, _get_cooperative(story, node)
    return await send_as_root(node, payload, chain_id=chain_id, cooperative=cooperative)


async def _await_step(story: Story, dispute_id: bytes, step: DisputeStep) -> Dispute:
    found: list[Dispute] = []

    async def find_lag() -> str | None:
        async with EngineClient(story.federation.nodes[-1].home.rpc_socket) as engine:
            key = state_key(FEDERATION, Collection.DISPUTE, dispute_id)
            data = await read_state(engine, key)
        if not data:
            return "the last node does not know the dispute"
        found[:] = [Dispute.decode(data)]
        at = found[0].step
        return None if at is step else f"the dispute is at {at.name.lower()}"

    await wait_until(find_lag, timeout_s=_STEP_TIMEOUT_S, poll_s=0.2)
    return found[0]
