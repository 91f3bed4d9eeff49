"""A period's root goes to the ledger once, whatever is interrupted on the way there."""

import base64
import hashlib
import secrets
from typing import Any

import pytest

from config.did_limits import CONSENT_PERIOD_MS
from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject
from did.keys import did_key
from governance import machine
from governance.consent_anchors import (
    ConsentPeriod,
    ConsentRoot,
    consent_period_key,
    consent_root_key,
)
from governance.context import BlockContext, Sender
from governance.events import ConsentsAnchored
from governance.genesis import GenesisState
from governance.refusals import TxRefusedError
from governance.roll import require_account
from governance.transactions import AnchorConsents
from governance.view import MemoryKeyValue, Savepoint, StateView
from ledger.envelope import decode_transaction
from ledger.receipt_consents import read_history
from node.consent_anchoring import Anchored, anchor_consents
from node.web.consent_anchoring_loop import is_anchoring_due, run_anchoring
from node.web.consent_receipts import _collect
from node.web.erasure import erase_person
from tests.bylaws import make_bylaws
from tests.node.web.test_routes_consents import Person

CHAIN = "test-web-1"
BLOCK = BlockContext(height=1, time_ms=1_700_000_000_000, chain_id=CHAIN)


class Ledger:
    """The rules behind a node's engine: each transaction is a block; answers may be lost."""

    def __init__(self, node: Any) -> None:
        self.kv = MemoryKeyValue()
        self.node = node
        self.sent: list[AnchorConsents] = []
        self.results: dict[bytes, int] = {}
        self.loses_answers = False
        self.loses_transactions = False
        founders = tuple(item.entry for item in node.context.genesis.founders)
        genesis = GenesisState(
            network="test-web", time_scale=1, bylaws=make_bylaws(), cooperatives=founders
        )
        machine.init_state(self.kv, genesis, BLOCK)
        node.engine.methods = {"broadcast_tx_sync": self.broadcast, "tx": self.find}
        node.engine.get = self.kv.get

    def broadcast(self, params: JsonObject) -> JsonObject:
        data = base64.b64decode(params["tx"])
        if self.loses_transactions:
            raise ConnectionError
        transaction = decode_transaction(data)
        assert isinstance(transaction.payload, AnchorConsents)
        self.sent.append(transaction.payload)
        savepoint = Savepoint(self.kv)
        sender = Sender(
            account=transaction.account,
            record=require_account(StateView(savepoint), transaction.account),
            keys=(),
            nonce=transaction.nonce,
        )
        code = 0
        try:
            told = machine.apply(savepoint, sender=sender, payload=transaction.payload, block=BLOCK)
            assert isinstance(told[0], ConsentsAnchored)
            savepoint.commit()
        except TxRefusedError as error:
            code = int(error.refusal)
        if self.loses_answers:
            raise ConnectionError
        self.results[hashlib.sha256(data).digest()] = code
        return {"code": 0, "log": ""}

    def find(self, params: JsonObject) -> JsonObject:
        code = self.results[base64.b64decode(params["hash"])]
        return {"height": "1", "index": 0, "tx_result": {"code": code, "log": "refused"}}

    async def anchor(self) -> Anchored:
        context = self.node.context
        return await anchor_consents(self.node.home, context.settings, now_ms=context.clock.now_ms)

    def get_root(self, period: int) -> bytes:
        value = self.kv.get(consent_root_key(self.node.context.registry.own.id, period))
        assert value is not None
        return ConsentRoot.decode(value).root


@pytest.fixture
def person(pair: Any) -> Person:
    return Person(pair[0])


@pytest.fixture
def ledger(pair: Any) -> Ledger:
    return Ledger(pair[0])


async def _grant(person: Person) -> None:
    seq = person.node.context.private.consents.get_standing(person.holder.id).seq + 1
    status, _ = await person.send(person.sign(person.make_grant(), seq=seq))
    assert status == 200


async def test_roots_follow_each_other_and_people_have_paths(
    person: Person, ledger: Ledger
) -> None:
    """The ledger gets 32 bytes and a number; who came later has no earlier period."""
    empty = await ledger.anchor()
    await _grant(person)
    first = await ledger.anchor()
    listed = await person.get("/api/v1/consents/receipts")

    assert [empty.anchor.period, first.anchor.period] == [1, 2]
    assert not first.is_resumed
    assert ledger.get_root(2) == first.anchor.root
    assert listed == {"periods": [{"period": 2, "closed_at_ms": first.anchor.closed_at_ms}]}
    assert {len(item.encode()) for item in ledger.sent} == {len(ledger.sent[0].encode())}


async def test_a_period_goes_on_with_the_same_root_after_a_lost_answer(
    person: Person, ledger: Ledger
) -> None:
    """The ledger had it already: nothing is sent again, and nothing is closed anew."""
    await _grant(person)
    ledger.loses_answers = True
    with pytest.raises(UnavailableError):
        await ledger.anchor()
    shown = await person.get("/api/v1/consents/receipts")
    ledger.loses_answers = False

    done = await ledger.anchor()

    assert shown == {"periods": []}, "nobody knows yet that the ledger has it"
    assert (done.is_resumed, done.anchor.period, len(ledger.sent)) == (True, 1, 1)
    assert ledger.get_root(1) == done.anchor.root
    assert (await person.get("/api/v1/consents/receipts"))["periods"][0]["period"] == 1


async def test_a_period_goes_on_with_the_same_root_after_a_lost_transaction(
    person: Person, ledger: Ledger
) -> None:
    """What happened since waits for the next period."""
    await _grant(person)
    ledger.loses_transactions = True
    with pytest.raises(UnavailableError):
        await ledger.anchor()
    ledger.loses_transactions = False
    waiting = person.node.context.private.consent_anchors.find_waiting(CHAIN)
    await _grant(person)

    done = await ledger.anchor()
    path = person.node.context.private.consent_anchors.find_path(CHAIN, person.holder.id, 1)

    assert waiting is not None
    assert (done.is_resumed, done.anchor) == (True, waiting)
    assert ledger.get_root(1) == waiting.root
    assert path.number == 1


async def test_a_root_that_came_first_is_found_when_ours_is_refused(
    person: Person, ledger: Ledger
) -> None:
    """The same one, sent twice by an interrupted call: harmless."""
    await _grant(person)
    ledger.loses_transactions = True
    with pytest.raises(UnavailableError):
        await ledger.anchor()
    ledger.loses_transactions = False
    store = person.node.context.private.consent_anchors
    waiting = store.find_waiting(CHAIN)
    broadcast = ledger.broadcast

    def send_twice(params: JsonObject) -> JsonObject:
        broadcast(params)
        return broadcast(params)

    ledger.node.engine.methods["broadcast_tx_sync"] = send_twice
    done = await ledger.anchor()

    assert (done.anchor, len(ledger.sent)) == (waiting, 2)
    assert ledger.get_root(1) == waiting.root


async def test_a_period_of_which_the_ledger_has_another_root_is_forgotten(
    person: Person, ledger: Ledger
) -> None:
    """As after a register that was put back from a backup: its paths lead nowhere."""
    await _grant(person)
    store = person.node.context.private.consent_anchors
    lost = store.close_period(CHAIN, 1, at_ms=1)
    other = AnchorConsents(
        cooperative=person.node.context.registry.own.id, period=1, root=bytes(32)
    )
    ledger.kv.put(consent_root_key(other.cooperative, 1), ConsentRoot(root=other.root).encode())
    ledger.kv.put(consent_period_key(other.cooperative), ConsentPeriod(number=1).encode())

    done = await ledger.anchor()

    assert (done.anchor.period, done.is_resumed) == (2, False)
    assert lost.root != ledger.get_root(1)
    listed = (await person.get("/api/v1/consents/receipts"))["periods"]
    assert [item["period"] for item in listed] == [2]


async def test_periods_are_the_chains_own(person: Person, ledger: Ledger) -> None:
    """On another chain they begin anew; nothing of the former one is shown there."""
    await _grant(person)
    store = person.node.context.private.consent_anchors
    store.close_period("test-former-9", 1, at_ms=1)
    store.note_anchored("test-former-9", 1)

    done = await ledger.anchor()

    assert done.anchor.period == 1
    assert store.find_latest("test-former-9").root != done.anchor.root
    assert len((await person.get("/api/v1/consents/receipts"))["periods"]) == 1


async def test_erasing_a_person_erases_their_paths_and_leaves_the_root(
    person: Person, ledger: Ledger
) -> None:
    """Nothing that is left leads from the root to them; others' paths stay."""
    private = person.node.context.private
    with private.write():
        other = private.holders.create(did_key(secrets.token_bytes(32)))
        private.consents.add_use(other.id, {"purpose": "DUO:0000006"}, at_ms=1)
    await _grant(person)
    done = await ledger.anchor()

    erase_person(
        private, person.node.context.erasures, holder_id=person.holder.id, entry=None, now_ms=2
    )

    assert private.consent_anchors.list_of(CHAIN, person.holder.id) == []
    assert private.consent_anchors.find_path(CHAIN, person.holder.id, 1) is None
    assert private.consent_anchors.find_path(CHAIN, other.id, 1) is not None
    assert ledger.get_root(1) == done.anchor.root


async def test_a_path_lies_sealed(person: Person, ledger: Ledger) -> None:
    """The file without the register's key tells no salt and no place."""
    await _grant(person)
    await ledger.anchor()
    private = person.node.context.private
    path = private.consent_anchors.find_path(CHAIN, person.holder.id, 1)
    (row,) = private.connection.execute("SELECT sealed FROM consent_paths").fetchall()

    assert path.salt not in bytes(row["sealed"])
    assert path.path[0] not in bytes(row["sealed"])


async def test_only_the_person_gets_their_periods(person: Person, ledger: Ledger) -> None:
    """Another scope is refused, and a period that is not there has a sentence."""
    await ledger.anchor()
    await _grant(person)

    status, answer = await person.caller.call("GET", "/api/v1/consents/receipts/1")
    malformed, _ = await person.caller.call("GET", "/api/v1/consents/receipts/x")

    assert (status, answer["reason"]) == (404, "no root of this period covers your history")
    assert malformed == 422


async def test_a_refusal_by_the_ledger_is_told(person: Person, ledger: Ledger) -> None:
    """As when the registrar's key in the home is no longer the office's."""
    ledger.node.engine.methods["broadcast_tx_sync"] = lambda _: {"code": 12, "log": "key unknown"}

    with pytest.raises(RefusedError, match="key unknown"):
        await ledger.anchor()


async def test_a_long_history_is_shown_by_its_latest_entries(
    person: Person, ledger: Ledger
) -> None:
    """As they were when the period was closed, with one hash for what came before."""
    private, holder = person.node.context.private, person.holder.id
    for number in range(1, 41):
        private.consents.add_use(holder, {"use": number}, at_ms=number)
    done = await ledger.anchor()
    private.consents.add_use(holder, {"use": 41}, at_ms=41)
    key = consent_root_key(person.node.context.registry.own.id, 1)

    history = _collect(private, CHAIN, holder, 1)

    assert history is not None
    fact = read_history(key, ledger.kv.get(key), history)
    assert (fact.period, done.anchor.period) == (1, 1)
    assert [item.number for item in fact.entries] == list(range(9, 41))
    assert [item.content["use"] for item in fact.entries] == list(range(9, 41))
    assert history.before != bytes(32)


async def test_a_period_is_over_after_a_week(person: Person, ledger: Ledger) -> None:
    """Nothing is due before anybody said anything; a begun period is due at once."""
    context = person.node.context
    before = is_anchoring_due(context)
    await _grant(person)
    first = is_anchoring_due(context)
    await ledger.anchor()
    after = is_anchoring_due(context)
    context.private.connection.execute(
        "UPDATE consent_anchors SET closed_at_ms = closed_at_ms - ?", (CONSENT_PERIOD_MS,)
    )
    week = is_anchoring_due(context)
    await ledger.anchor()
    context.private.consent_anchors.close_period(CHAIN, 3, at_ms=context.clock.now_ms())

    assert (before, first, after, week) == (False, True, False, True)
    assert is_anchoring_due(context)


async def test_the_nodes_own_attempt_fails_in_words(
    person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command of the home is really run; here its engine answers with an error."""
    await _grant(person)

    assert not await run_anchoring(person.node.home)
    assert "consents_not_anchored" in capsys.readouterr().out
