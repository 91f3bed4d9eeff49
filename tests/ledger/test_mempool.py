"""What may wait, and which of it the next block takes: fair among cooperatives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.limits import BLOCK_BYTES_MAX
from did.keys import KeyPair
from governance import machine
from governance.context import BlockContext
from governance.genesis import GenesisCooperative, GenesisState
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode, TxRefusedError
from governance.rules import RULES
from governance.transactions import AdmitMembers
from governance.view import MemoryKeyValue
from ledger import mempool as mempool_module
from ledger import quotas
from ledger.mempool import Mempool, is_sound
from ledger.signatures import SignatureChecker
from tests.ledger.scenario import (
    BYLAWS,
    CHAIN_ID,
    GENESIS_MS,
    cast,
    make_inception,
    make_member,
    sign,
)

BLOCK = BlockContext(height=2, time_ms=GENESIS_MS + 1_000, chain_id=CHAIN_ID)


def make_key(name: str, number: int) -> KeyPair:
    return KeyPair(name.encode().ljust(31, b".") + bytes([number]))


ROOTS = sorted(
    (make_key("root", n) for n in range(3)), key=lambda k: make_inception(k).compute_id()
)
IDS = [make_inception(root).compute_id() for root in ROOTS]
REGISTRARS = [make_key("registrar", number) for number in range(3)]


def admit(place: int, *numbers: int, nonce: int = 1) -> bytes:
    """The registrar of a cooperative admits members."""
    payload = AdmitMembers(
        cooperative=IDS[place],
        inceptions=tuple(make_inception(make_member(number)) for number in numbers),
    )
    account = compute_office_account_id(cooperative=IDS[place], role=Role.REGISTRAR)
    return sign(REGISTRARS[place], payload, account=account, nonce=nonce, keys=[REGISTRARS[place]])


def make_state() -> MemoryKeyValue:
    """Three cooperatives without members, at real speed."""
    genesis = GenesisState(
        network="test-scenario",
        time_scale=1,
        bylaws=BYLAWS,
        cooperatives=tuple(
            GenesisCooperative(
                inception=make_inception(root),
                did=f"did:web:{place}.test",
                registrar_key=REGISTRARS[place].public_key,
                assertion_key=make_key("assertion", place).public_key,
                consensus_key=make_key("consensus", place).public_key,
                node_id=bytes([place]) * 20,
            )
            for place, root in enumerate(ROOTS)
        ),
    )
    state = MemoryKeyValue()
    begin = BlockContext(height=1, time_ms=GENESIS_MS, chain_id=CHAIN_ID)
    machine.init_state(state, genesis, begin)
    return state


class Pool:
    """A mempool over three cooperatives."""

    def __init__(self) -> None:
        self.state, self.checker = make_state(), SignatureChecker()
        self.pool = Mempool(self.checker, state=self.state, block=BLOCK, rules=RULES[0])

    def check(self, data: bytes) -> int:
        return self.pool.check(self.checker.check([data])[0]).code


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture(scope="module")
def shared() -> Pool:
    return Pool()


def test_a_cooperative_takes_only_its_share_of_the_places(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third each, of three: the flood of one leaves the others' places free."""
    monkeypatch.setattr(mempool_module, "MEMPOOL_TXS_MAX", 9)

    flood = [pool.check(admit(0, number, nonce=number + 1)) for number in range(5)]

    assert flood == [0, 0, 0, RefusalCode.WAITING_TOO_MANY, RefusalCode.WAITING_TOO_MANY]
    assert pool.check(admit(1, 50)) == 0
    pool.pool.begin(pool.state, BLOCK, rules=RULES[0])
    assert pool.check(admit(0, 9, nonce=9)) == 0


def test_a_cooperative_takes_only_its_share_of_the_bytes(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few large transactions of one are no reason to turn another's away."""
    large = [admit(0, *range(n * 10, n * 10 + 10), nonce=n + 1) for n in range(3)]
    monkeypatch.setattr(mempool_module, "TX_BYTES_MAX", len(large[0]))
    monkeypatch.setattr(mempool_module, "MEMPOOL_BYTES_MAX", 3 * 2 * len(large[0]))

    assert [pool.check(item) for item in large] == [0, 0, RefusalCode.WAITING_TOO_MANY]
    assert pool.check(admit(1, 50)) == 0
    pool.pool.begin(pool.state, BLOCK, rules=RULES[0])
    for item in large[:2]:
        pool.pool.recheck(item)
    assert pool.check(admit(0, 1, nonce=9)) == RefusalCode.WAITING_TOO_MANY


def test_a_nonce_waits_once(pool: Pool) -> None:
    """A block would take all of a nonce's transactions and charge one of them."""
    first, second = admit(0, 1, nonce=7), admit(0, 2, nonce=7)

    assert pool.check(first) == 0
    assert pool.check(second) == RefusalCode.NONCE_USED
    pool.pool.begin(pool.state, BLOCK, rules=RULES[0])
    assert pool.pool.recheck(first).code == 0
    assert pool.check(second) == RefusalCode.NONCE_USED
    assert pool.check(admit(1, 3, nonce=7)) == 0
    pool.pool.begin(pool.state, BLOCK, rules=RULES[0])
    assert pool.check(second) == 0


def test_what_waits_counts_against_the_quota_until_a_block(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rechecks count it again; what left the mempool no longer counts."""
    first, second = admit(0, 1), admit(0, 2, nonce=2)
    gas = pool.pool.check(pool.checker.check([first])[0]).gas
    bucket = quotas._Bucket(2 * gas - 1, 10, RefusalCode.QUOTA_OF_COOPERATIVE)
    monkeypatch.setattr(quotas, "_COOPERATIVE", bucket)

    assert pool.check(second) == RefusalCode.QUOTA_OF_COOPERATIVE
    pool.pool.begin(pool.state, BLOCK, rules=RULES[0])
    assert pool.pool.recheck(first).code == 0
    assert pool.check(second) == RefusalCode.QUOTA_OF_COOPERATIVE
    pool.pool.begin(pool.state, BLOCK, rules=RULES[0])
    assert pool.check(second) == 0


def test_who_is_refused_takes_no_place(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers, junk and what a rule forbids cannot fill the mempool."""
    monkeypatch.setattr(mempool_module, "MEMPOOL_TXS_MAX", 3)

    for _ in range(5):
        assert pool.check(cast(7, bytes(32))) == RefusalCode.ACCOUNT_UNKNOWN
        assert pool.check(b"junk") == RefusalCode.MALFORMED
        assert pool.check(admit(0, 1, 1)) == RefusalCode.ADMISSION_REPEATED

    assert pool.check(admit(0, 1)) == 0


def test_a_recheck_checks_no_signature(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known or not; what cannot be read any more goes."""
    known, unknown = admit(0, 1), admit(0, 2, nonce=2)
    assert pool.check(known) == 0
    monkeypatch.setattr("ledger.envelope.is_signature_valid", None)

    assert pool.pool.recheck(known).code == 0
    assert pool.pool.recheck(unknown).code == 0
    assert pool.pool.recheck(b"junk").code == RefusalCode.MALFORMED


def test_a_block_is_filled_from_all_cooperatives_in_turn(pool: Pool) -> None:
    """However many one has sent before: the others' first ones are among the first."""
    flood = [admit(0, number, nonce=number + 1) for number in range(40)]
    single, pair = admit(2, 100), [admit(1, 101), admit(1, 102, nonce=2)]

    chosen = pool.pool.choose([*flood, single, *pair], bytes_max=BLOCK_BYTES_MAX)

    assert set(chosen[:3]) == {flood[0], single, pair[0]}
    assert pair[1] in chosen[:5]
    assert [data for data in chosen if data in flood] == flood


def test_what_does_not_fit_waits_and_smaller_ones_go_first(pool: Pool) -> None:
    """A large transaction does not stop the line behind it."""
    large, small = admit(0, *range(20)), admit(1, 50)

    assert pool.pool.choose([large, small], bytes_max=len(small) + 4) == [small]
    assert pool.pool.choose([large, small], bytes_max=len(small) + 3) == []


GARBAGE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([admit(place, 7, nonce=5) for place in range(3)]).map(lambda d: d[:-1] + b"x"),
)
GOOD = st.builds(
    lambda place, number, nonce: admit(place, number, nonce=nonce),
    st.integers(0, 2),
    st.integers(0, 9),
    st.integers(1, 5),
)


@given(waiting=st.lists(GOOD | GARBAGE, max_size=25), room=st.integers(0, 9_000))
def test_what_is_proposed_is_always_accepted(shared: Pool, waiting: list[bytes], room: int) -> None:
    """Whatever the mempool holds, another node finds no fault with our block."""
    chosen = shared.pool.choose(waiting, bytes_max=room)

    assert is_sound(SignatureChecker(), chosen, bytes_max=room, rules=RULES[0])
    held = [r for r in shared.checker.check(chosen) if isinstance(r, TxRefusedError)]
    assert held == []
    if room == 9_000:
        good = {d for d in waiting if not isinstance(shared.checker.check([d])[0], TxRefusedError)}
        assert len(chosen) <= len(good)


def test_a_proposed_block_is_sound_only_within_its_bytes_and_without_repetition() -> None:
    """Every node counts alike: bytes with their framing, each transaction once."""
    first, second = admit(0, 1), admit(1, 2)
    exact = len(first) + len(second) + 8
    checker = SignatureChecker()

    assert is_sound(checker, [first, second], bytes_max=exact, rules=RULES[0])
    assert not is_sound(checker, [first, second], bytes_max=exact - 1, rules=RULES[0])
    assert not is_sound(checker, [first, first], bytes_max=exact, rules=RULES[0])
