"""Step 4: people make wallets, apply with a DID, are admitted, and have a ledger account."""

from testnet.story import Story
from testnet.story_checks import check, for_each


async def run(story: Story) -> None:
    """Everybody joins; then each account on the roll is proved, offline."""
    community = story.community
    await for_each(community.join(node) for node in story.federation.nodes)
    await for_each(_check_account(story, index) for index in range(len(community.members)))
    story.tell(
        f"{len(community.members)} people applied with a DID and were admitted; each account "
        "was proved against a signed header"
    )


async def _check_account(story: Story, index: int) -> None:
    member = story.community.members[index]
    proved = await member.prove_account()
    check(proved.value is not None, f"{member.label} has no account on the ledger")
