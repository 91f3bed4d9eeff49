"""Recovery by guardians through the real envelope: what replaying and stolen keys come to."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from did.accounts import Inception, compute_guardians_commitment, compute_key_commitment
from did.keys import KeyPair
from governance.key_transactions import (
    DeactivateAccount,
    KeyPayload,
    RecoverAccount,
    RotateKeys,
    VetoRecovery,
)
from governance.records import Account, Role
from governance.refusals import RefusalCode
from governance.roll_transactions import LeaveRoll
from governance.transactions import AdmitMembers, Payload
from governance.view import StateView
from ledger.envelope import sign_transaction
from tests.ledger.scenario import (
    CHAIN_ID,
    COOPERATIVE,
    GENESIS_MS,
    MOTION,
    REGISTRAR,
    TIME_SCALE,
    Chain,
    sign,
)

CURRENT, COLD, NEW, AFTER_NEW = (KeyPair(bytes([seed]) * 32) for seed in range(40, 44))
GUARDIANS = sorted(
    (KeyPair(bytes([seed]) * 32) for seed in range(50, 54)), key=lambda key: key.public_key
)
GUARDIAN_KEYS = tuple(key.public_key for key in GUARDIANS)
SALT = bytes([9]) * 32
BATCH_MS = 7 * 86_400_000 // TIME_SCALE
LOCK_MS = 7 * 86_400_000 // TIME_SCALE
INCEPTION = Inception(
    public_key=CURRENT.public_key,
    next_key_commitment=compute_key_commitment(COLD.public_key),
    guardians_commitment=compute_guardians_commitment(
        GUARDIAN_KEYS, salt=SALT, threshold=2, override=3
    ),
)
WARD = INCEPTION.compute_id()
ASKED = RecoverAccount(
    attempt=1,
    guardians=GUARDIAN_KEYS,
    salt=SALT,
    threshold=2,
    override=3,
    public_keys=(NEW.public_key,),
    signatures_required=1,
    next_key_commitment=compute_key_commitment(AFTER_NEW.public_key),
    guardians_commitment=bytes(32),
)


ROTATED = RotateKeys(next_key_commitment=compute_key_commitment(NEW.public_key))


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    chain = Chain.start(tmp_path / "ledger")
    admission = AdmitMembers(cooperative=COOPERATIVE, inceptions=(INCEPTION,))
    assert send(chain, sign(REGISTRAR, admission)) == 0
    return chain


def say(payload: Payload | KeyPayload, *keys: KeyPair, **changes: Any) -> bytes:
    """A transaction about the ward's account."""
    fields: dict[str, Any] = {
        "chain_id": CHAIN_ID,
        "account": WARD,
        "nonce": 5,
        "valid_until_ms": GENESIS_MS + 3_600_000,
    }
    return sign_transaction(payload=payload, keys=keys, **(fields | changes))


def send(chain: Chain, data: bytes, *, after_ms: int = 1_000) -> int:
    """The code that a block gives a transaction."""
    return int(chain.run(data, after_ms=after_ms).tx_results[0].code)


def recover(**changes: Any) -> bytes:
    return say(ASKED, GUARDIANS[0], GUARDIANS[1], NEW, **changes)


def test_old_keys_stop_and_new_ones_act_once_the_time_lock_is_over(chain: Chain) -> None:
    """Not a block earlier."""
    assert send(chain, recover()) == 0
    assert send(chain, say(MOTION, NEW, nonce=6)) == RefusalCode.KEY_UNKNOWN

    chain.run(after_ms=LOCK_MS)

    assert send(chain, say(MOTION, CURRENT, nonce=6)) == RefusalCode.KEY_UNKNOWN
    assert send(chain, say(MOTION, NEW, nonce=5)) == RefusalCode.NONCE_USED
    assert send(chain, say(MOTION, NEW, nonce=6)) == 0


def test_what_guardians_signed_for_another_chain_counts_nowhere_else(chain: Chain) -> None:
    """The chain's name is in what they sign."""
    assert send(chain, recover(chain_id="test-other-1")) == RefusalCode.WRONG_CHAIN


def test_a_recovery_that_was_vetoed_cannot_be_sent_again(chain: Chain) -> None:
    """The same bytes, nor anything else that was signed for this attempt."""
    data = recover()
    assert send(chain, data) == 0
    assert send(chain, data) == RefusalCode.RECOVERY_UNFIT
    assert send(chain, say(VetoRecovery(attempt=1), COLD)) == 0

    assert send(chain, data) == RefusalCode.RECOVERY_UNFIT
    assert send(chain, recover(nonce=9)) == RefusalCode.RECOVERY_UNFIT
    chain.run(after_ms=LOCK_MS)
    assert send(chain, say(MOTION, CURRENT, nonce=6)) == 0


def test_a_recovery_that_took_place_cannot_be_sent_again(chain: Chain) -> None:
    """Its guardians are known by then and watch over the account no more."""
    data = recover()
    assert send(chain, data) == 0
    chain.run(after_ms=LOCK_MS)

    assert send(chain, data) == RefusalCode.RECOVERY_UNFIT


@pytest.mark.parametrize("thief", [CURRENT, NEW, GUARDIANS[0]])
def test_only_the_cold_key_vetoes(chain: Chain, thief: KeyPair) -> None:
    """A thief has the current key; guardians and new keys have no say either."""
    assert send(chain, recover()) == 0

    stopped = send(chain, say(VetoRecovery(attempt=1), thief))

    assert stopped == RefusalCode.KEYS_NOT_COMMITTED


def test_refused_recoveries_cost_the_ward_nothing(chain: Chain) -> None:
    """Otherwise strangers could spend somebody's quota by asking for their account."""
    stranger = KeyPair(bytes([99]) * 32)
    forged = say(ASKED, stranger, NEW)

    answer = chain.run(*[forged] * 3, say(MOTION, CURRENT))

    assert [result.code for result in answer.tx_results] == [
        *[RefusalCode.GUARDIANS_TOO_FEW] * 3,
        0,
    ]
    assert [result.gas_used for result in answer.tx_results][:3] == [0, 0, 0]


def leave(chain: Chain) -> None:
    """The ward is off the roll."""
    assert send(chain, say(LeaveRoll(cooperative=COOPERATIVE), CURRENT, nonce=1)) == 0
    chain.run(after_ms=2 * BATCH_MS)
    assert account_of(chain).left_height is not None


def account_of(chain: Chain) -> Account:
    found = StateView(chain.store).get_account(WARD)
    assert found is not None
    return found


def test_who_has_left_still_recovers_their_account(chain: Chain) -> None:
    """The time-lock and the veto are the same; no vote comes with it."""
    leave(chain)
    assert send(chain, recover()) == 0
    assert send(chain, say(VetoRecovery(attempt=1), COLD)) == 0
    asked = replace(ASKED, attempt=2)
    assert send(chain, say(asked, GUARDIANS[0], GUARDIANS[1], NEW, nonce=7)) == 0

    chain.run(after_ms=LOCK_MS)

    account = account_of(chain)
    assert [key.public_key for key in account.keys] == [NEW.public_key]
    assert (account.role, account.left_height is None) == (Role.MEMBER, False)
    assert send(chain, say(MOTION, NEW, nonce=8)) == RefusalCode.ACCOUNT_LEFT


def test_who_has_left_still_rotates_and_ends_their_account(chain: Chain) -> None:
    """By the key that was committed to, as before; it leaves the roll once."""
    leave(chain)
    before = StateView(chain.store).get_roll(COOPERATIVE)
    assert send(chain, say(ROTATED, CURRENT, nonce=2)) == RefusalCode.KEYS_NOT_COMMITTED
    assert send(chain, say(ROTATED, COLD, nonce=2)) == 0
    assert send(chain, say(MOTION, COLD, nonce=3)) == RefusalCode.ACCOUNT_LEFT
    assert send(chain, say(DeactivateAccount(), NEW, nonce=3)) == 0
    chain.run(after_ms=2 * BATCH_MS)

    assert account_of(chain).is_deactivated
    assert StateView(chain.store).get_roll(COOPERATIVE) == before
    after = RotateKeys(next_key_commitment=compute_key_commitment(CURRENT.public_key))
    assert send(chain, say(after, AFTER_NEW, nonce=4)) == RefusalCode.ACCOUNT_DEACTIVATED
