"""Light blocks of a running engine, and the bridges that lead to them from older validators.

The engine is the node's own, but every block is checked on the way: a chain that does not
follow from the genesis is not handed on. What was found once is kept, so that a busy node
does not search anew for every receipt. Cancelling a call leaves nothing half done.
"""

import asyncio
from dataclasses import replace

from config.errors import UnavailableError
from config.limits import BRIDGE_BLOCKS_MAX
from ledger.headers import (
    ABSENT,
    FLAG_ABSENT,
    Validator,
    parse_base64,
    parse_commit,
    parse_header,
    parse_integer,
)
from ledger.light import LightError, check_commit, is_precommit_valid, is_vouched_for
from ledger.light_blocks import LightBlock
from ledger.rpc import EngineClient
from ledger.trust import TrustBundle


class LightSource:
    """What one engine knows, for receipts and trust bundles."""

    def __init__(self, client: EngineClient, trust: TrustBundle) -> None:
        """Prepare to ask an engine.

        Args:
            client: Open while it is used.
            trust: What the chain's genesis file says, with peers.
        """
        self.client = client
        self.trust = trust
        self._known: list[LightBlock] = []
        """A bridge from the genesis to the newest block that needed one, ascending."""
        self._lock = asyncio.Lock()

    async def fetch_block(self, height: int) -> LightBlock:
        """A height's light block, checked by itself.

        Signatures that the engine accepts and libsodium does not are left out: a validator
        that makes such ones must not make everybody's receipts worthless.

        Raises:
            UnavailableError: The engine is gone, or has not got to that height.
            RefusedError: It does not have the block any more, or has one that is not final.
        """
        signed = await self.client.commit(height)
        answer = await self.client.validators(height)
        block = LightBlock(
            header=parse_header(signed["header"]),
            commit=parse_commit(signed["commit"]),
            validators=tuple(
                Validator(
                    public_key=parse_base64(item["pub_key"]["value"]),
                    power=parse_integer(item["voting_power"]),
                )
                for item in answer["validators"]
            ),
        )
        block = _drop_invalid_precommits(block)
        check_commit(block, chain_id=self.trust.chain_id)
        return block

    async def fetch_newest_trust(self) -> TrustBundle:
        """The newest header as a trust bundle, followed from the genesis.

        Raises:
            UnavailableError: The engine is gone, or there is no block yet.
            LightError: The engine's chain is not the genesis file's.
        """
        status = await self.client.status()
        if status.height < 1:
            raise UnavailableError("the chain has no block yet: ask again later")
        block = await self.fetch_block(status.height)
        await self.find_bridge(block)
        return self.trust.move_to(block)

    async def find_bridge(self, block: LightBlock) -> tuple[LightBlock, ...]:
        """The blocks that lead from the first validators to a block.

        None while the first ones vouch for it themselves. The oldest are left out where they
        would be more than a receipt may hold, and where the engine has pruned them: then only
        younger trust leads there.

        Raises:
            UnavailableError: The engine is gone.
            LightError: The engine's chain is not the genesis file's.
        """
        async with self._lock:
            bridge = [each for each in self._known if each.height < block.height]
            if len(bridge) == len(self._known):
                bridge = self._known  # what is found is kept, even if this call is cancelled
            await self._extend(bridge, block)
            return tuple(bridge[-BRIDGE_BLOCKS_MAX:])

    async def _extend(self, bridge: list[LightBlock], block: LightBlock) -> None:
        """Append as few blocks to a bridge as will lead to a block."""
        trust = self.trust.move_to(bridge[-1]) if bridge else self.trust
        while not is_vouched_for(block, trust=trust):
            step = await self._find_step(trust, block.height)
            if step is None:
                # All that led here is pruned: begin with the oldest block that is left.
                step = await self.fetch_block((await self.client.status()).earliest_height)
                bridge.clear()
                if step.height >= block.height:
                    return
            bridge.append(step)
            trust = trust.move_to(step)

    async def _find_step(self, trust: TrustBundle, unreachable: int) -> LightBlock | None:
        """The furthest block below a height that trust vouches for; None if it is pruned."""
        oldest = (await self.client.status()).earliest_height
        low, high, found = max(trust.height, oldest - 1), unreachable, None
        while high - low > 1:
            middle = (low + high) // 2
            block = await self.fetch_block(middle)
            if is_vouched_for(block, trust=trust):
                low, found = middle, block
            else:
                high = middle
        if found is None and trust.height >= oldest - 1:
            raise LightError("the engine's chain does not follow from its own genesis file")
        return found


def _drop_invalid_precommits(block: LightBlock) -> LightBlock:
    entries = block.commit.signatures
    if len(entries) != len(block.validators):
        return block
    kept = tuple(
        entry if entry.flag == FLAG_ABSENT or is_precommit_valid(block, index) else ABSENT
        for index, entry in enumerate(entries)
    )
    return replace(block, commit=replace(block.commit, signatures=kept))
