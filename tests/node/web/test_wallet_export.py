"""A wallet takes everything along, over a real login."""

from typing import Any

from did.sealing import compute_box_key
from did.wallets import Home, bind_wallet
from node.commands.wallet_export import _fetch, _open_name
from node.web.names import Person
from tests.node.web.logins import ORIGIN, enrol


async def test_a_wallet_opens_its_own_name_from_the_export(pair: Any) -> None:
    """What the node cannot read."""
    node = pair[0]
    wallet = bind_wallet(
        enrol(node),
        Home(
            network=node.context.genesis.network,
            cooperative_id=node.context.registry.own.id,
            origin=ORIGIN,
        ),
    )
    private = node.context.private
    private.names.set_registrars([compute_box_key(b"r" * 32)])
    holder = private.holders.find_by_did(wallet.login_did)
    person = Person(
        name="Ann",
        contact="by post",
        holder_id=holder.id,
        did=wallet.login_did,
        since_day=1,
        is_book=False,
    )
    private.holders.set_name_box(holder.id, private.names.put(person))

    found = await _fetch(wallet, node=node.url)

    opened = _open_name(wallet, found["name_box"])
    assert opened is not None
    assert (opened["name"], opened["contact"]) == ("Ann", "by post")
    assert found["dids"] == [wallet.login_did]
    assert _open_name(wallet, "") is None
