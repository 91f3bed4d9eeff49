"""Books and shares through envelope, quotas, tree and store, as the engine drives them."""

from pathlib import Path

from governance.refusals import RefusalCode
from governance.state_keys import Collection, state_key
from governance.value.books import Draft, Leg
from governance.value.chart import BANK, BookAccount
from governance.value.transactions import (
    ClosePeriod,
    NewAccount,
    OpenAccounts,
    PostEntries,
    ValuePayload,
)
from ledger.queries import STATE_PATH
from tests.ledger.scenario import COOPERATIVE, REGISTRAR, ROOT, Chain, check_answer, sign
from tests.ledger.test_queries import ask

LICENCES = 4_000
BANK_KEY = state_key(COOPERATIVE, Collection.BOOK_ACCOUNT, BANK.to_bytes(2, "big"))
OPENING = OpenAccounts(
    cooperative=COOPERATIVE,
    currency="EUR",
    accounts=(NewAccount(code=LICENCES, fund=0),),
    opening=(),
    reference=b"",
)
EARNING = PostEntries(
    cooperative=COOPERATIVE,
    entries=(
        Draft(
            id=b"e" * 32,
            reference=b"r" * 32,
            legs=(
                Leg(account=BANK, amount_minor=12_345),
                Leg(account=LICENCES, amount_minor=-12_345),
            ),
        ),
    ),
)
CLOSING = ClosePeriod(cooperative=COOPERATIVE, period=0, proposal=b"", split=None)


def by_root(payload: ValuePayload, nonce: int) -> bytes:
    return sign(ROOT, payload, nonce=nonce)


def test_books_are_proven_under_the_app_hash(tmp_path: Path) -> None:
    """V4: whoever asks for a balance need not believe the node that answers."""
    chain = Chain.start(tmp_path / "ledger")
    opened = chain.run(by_root(OPENING, 1))
    earned = chain.run(by_root(EARNING, 2), by_root(EARNING, 3))
    closed = chain.run(by_root(CLOSING, 4))

    codes = [result.code for response in (opened, earned, closed) for result in response.tx_results]
    assert codes == [0, 0, 0, 0]
    assert closed.tx_results[0].events[0].type == "rochdale.PeriodClosed"
    answer = ask(chain, STATE_PATH, BANK_KEY, prove=True)
    value = check_answer(answer, BANK_KEY, app_hash=closed.app_hash)
    assert value is not None
    assert BookAccount.decode(value).balance_minor == 12_345
    chain.store.close()


def test_a_refusal_of_value_is_a_result_code_and_changes_no_books(tmp_path: Path) -> None:
    """V4: the code of docs/transactions.md, with the field."""
    chain = Chain.start(tmp_path / "ledger")
    chain.run(by_root(OPENING, 1))
    before = chain.store.get(BANK_KEY)

    response = chain.run(
        sign(REGISTRAR, EARNING, nonce=1), by_root(CLOSING, 2), by_root(CLOSING, 3)
    )

    assert [result.code for result in response.tx_results] == [
        RefusalCode.OFFICE_REQUIRED,
        0,
        RefusalCode.PERIOD_OTHER,
    ]
    assert "1 is open" in response.tx_results[2].log
    assert chain.store.get(BANK_KEY) == before
    chain.store.close()


def test_nodes_that_restart_agree_on_the_books(tmp_path: Path) -> None:
    """V4: what is in memory is nothing."""
    hashes = []
    for name, restarts in (("first", False), ("second", True)):
        chain = Chain.start(tmp_path / name)
        chain.run(by_root(OPENING, 1))
        if restarts:
            chain.restart()
        chain.run(by_root(EARNING, 2))
        hashes.append(chain.run(by_root(CLOSING, 3)).app_hash)
        chain.store.close()

    assert hashes[0] == hashes[1]
