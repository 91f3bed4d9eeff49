"""Transactions of cooperatives' roots, as commands send them."""

import time

from governance.transactions import UpdateCooperative
from node.federation_office import open_office
from node.settings import load_settings
from tests.node.small_federation import Member


async def rename(member: Member, name: str) -> int:
    """Let a cooperative's root change its name; the height of the block that says so."""
    settings = load_settings(member.home.settings_path, environ={})
    async with open_office(member.home, settings, now_ms=_now_ms) as office:
        own = await office.read_own()
        result = await office.send(
            UpdateCooperative(
                did=own.did,
                assertion_key=own.assertion_key,
                node_id=own.node_id,
                name=name,
                p2p_address=own.p2p_address,
            )
        )
        return result.height


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
