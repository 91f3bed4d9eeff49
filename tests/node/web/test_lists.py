"""The API's lists: complete page by page, filtered, and strict about what they are asked."""

from typing import Any

import aiohttp
import pytest

from governance.events import MembersAdmitted, ProposalSubmitted
from governance.proposal_records import ProposalKind
from node.web.projection import ProjectedBlock
from node.web.projection_transactions import ProjectedTransaction

ACCOUNTS = tuple(bytes([number]) * 32 for number in range(1, 6))


@pytest.fixture
def node(pair: Any) -> Any:
    """One whose read model has five members, five motions, and a ballot in every block since."""
    own = pair[0].context.registry.own.id
    admitted = MembersAdmitted(
        cooperative=own, accounts=ACCOUNTS, epoch=1, active_count=5, roll_root=bytes(32)
    )
    submitted = [
        ProposalSubmitted(
            cooperative=own,
            proposal=account[::-1],
            kind=ProposalKind.ORDINARY,
            proposer=account,
            text_hash=account,
            subject=b"",
            bylaws_hash=bytes(32),
        )
        for account in ACCOUNTS
    ]
    learn(pair[0], 1, events=(admitted, *submitted))
    for height, account in enumerate(ACCOUNTS, start=2):
        transactions = [
            ProjectedTransaction(
                height=height,
                place=place,
                hash=bytes([height, place]) * 16,
                kind="CastBallot",
                account=account,
                cooperative=own,
                proposal=ACCOUNTS[place],
                code=0 if place else 18,
            )
            for place in range(2)
        ]
        learn(pair[0], height, transactions=tuple(transactions))
    return pair[0]


def learn(node: Any, height: int, **what: Any) -> None:
    """Let the read model know a block."""
    block = ProjectedBlock(
        **({"height": height, "time_ms": 1, "app_hash": bytes(32), "events": ()} | what)
    )
    node.context.projection.apply_block(block)


async def ask(node: Any, path: str) -> Any:
    """An answer, and its status."""
    async with aiohttp.ClientSession() as session:
        answer = await session.get(node.url + path)
        return await answer.json(), answer.status


async def gather(node: Any, path: str, name: str) -> list[Any]:
    """All pages of a list, one after the other."""
    found: list[Any] = []
    following: str | None = path
    while following is not None:
        page, status = await ask(node, following)
        assert status == 200, page
        assert page["height"] == 6
        found, following = found + page[name], page["next"]
    return found


@pytest.mark.parametrize(
    ("path", "name", "key", "count"),
    [
        ("/api/transactions", "transactions", "hash", 10),
        ("/api/proposals", "proposals", "id", 5),
        ("/api/cooperatives/{own}/accounts", "accounts", "account", 5),
        ("/api/cooperatives", "cooperatives", "id", 2),
    ],
)
async def test_pages_together_are_the_whole_list(
    node: Any, path: str, name: str, key: str, count: int
) -> None:
    """Each entry once, in one order, whatever the size of a page."""
    path = path.format(own=node.context.registry.own.id.hex())
    whole = await gather(node, path, name)

    for limit in (1, 2, 3, 100):
        assert await gather(node, f"{path}?limit={limit}", name) == whole
    assert len({item[key] for item in whole}) == len(whole) == count


async def test_transactions_are_newest_first_and_chosen_by_whom_and_what(node: Any) -> None:
    """By cooperative, proposal and account, alone or together; refused ones say why."""
    own = node.context.registry.own.id.hex()
    whole = await gather(node, "/api/transactions", "transactions")

    assert [(item["height"], item["place"]) for item in whole] == [
        (height, place) for height in range(6, 1, -1) for place in (1, 0)
    ]
    assert {item["name"] for item in whole if item["place"] == 0} == {"quota_of_account"}
    assert await gather(node, f"/api/transactions?cooperative={own}", "transactions") == whole
    about, by = ACCOUNTS[0].hex(), ACCOUNTS[2].hex()
    assert await gather(node, f"/api/transactions?proposal={about}", "transactions") == whole[1::2]
    assert await gather(node, f"/api/transactions?account={by}", "transactions") == whole[4:6]
    both = f"/api/transactions?account={by}&proposal={about}&limit=1"
    assert await gather(node, both, "transactions") == whole[5:6]
    assert await gather(node, f"/api/transactions?account={'00' * 32}", "transactions") == []


async def test_blocks_that_were_undone_leave_no_transaction(node: Any) -> None:
    """The read model begins anew, with what the chain tells then."""
    node.context.projection.begin_at(1, members=(), proposals=(), insights=())

    page, _ = await ask(node, "/api/transactions")

    assert page == {"height": 0, "next": None, "transactions": []}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/api/transactions?limit=0", "limit is 1 to 100"),
        ("/api/transactions?limit=101", "limit is 1 to 100"),
        ("/api/transactions?limit=-1", "limit is a decimal number"),
        ("/api/transactions?limit=1&limit=2", "takes each of"),
        ("/api/transactions?order=id", "takes each of cooperative, proposal, account"),
        ("/api/transactions?before=7", "before's place is a decimal number"),
        ("/api/transactions?before=x.1", "before's height is a decimal number"),
        ("/api/transactions?account=ff", "account is 64 lowercase hexadecimal digits"),
        ("/api/proposals?before=zz", "before is 64 lowercase hexadecimal digits"),
        (f"/api/proposals?before={'00' * 32}", "before names no proposal"),
        ("/api/cooperatives?after=x", "after is 64 lowercase hexadecimal digits"),
        ("/api/cooperatives/x/accounts", "id is 64 lowercase hexadecimal digits"),
    ],
)
async def test_what_is_not_understood_is_refused(node: Any, path: str, reason: str) -> None:
    """With the name of what is wrong; nothing is guessed."""
    refusal, status = await ask(node, path)

    assert 400 <= status < 500
    assert reason in refusal["reason"]


async def test_accounts_of_nobody_are_not_there(node: Any) -> None:
    """A cooperative that the ledger does not know has no list."""
    refusal, status = await ask(node, f"/api/cooperatives/{'00' * 32}/accounts")

    assert status == 404
    assert "knows no such cooperative" in refusal["reason"]


@pytest.mark.parametrize(
    "path", ["", "/blocks/1", "/validators", "/transactions/" + "00" * 32, "?up_to=x"]
)
async def test_the_explorer_says_what_it_cannot_show(node: Any, path: str) -> None:
    """While the engine is down, a page in plain words."""
    node.engine.is_down = True
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"{node.url}/explorer{path}")
        text = await answer.text()

    assert answer.status == (404 if "up_to" in path else 503)
    assert ("Not here" if "up_to" in path else "Not now") in text
