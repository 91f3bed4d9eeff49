"""Keys of accounts: who may rotate them, and what stops at once."""

import pytest

from config.limits import TX_VALIDITY_MS_MAX
from did.accounts import compute_key_commitment, compute_keys_commitment
from governance.federal_events import RegistrarReplaced
from governance.key_events import KeysRotated
from governance.key_transactions import RotateKeys
from governance.key_view import KeyView
from governance.refusals import RefusalCode
from governance.roll import require_account
from governance.transactions import ReplaceRegistrar
from tests.governance.federation_world import FederationWorld, coop, make_federation
from tests.governance.world import BLOCK_MS, Act, admit, make_key, member, registrar

AFTER_NEXT = compute_key_commitment(make_key(77).public_key)


def _world() -> FederationWorld:
    world = make_federation(1)
    world.run(admit([1], cooperative=coop(0)))
    return world


def _rotate(
    *keys: int, account: bytes = b"", commitment: bytes = AFTER_NEXT, required: int = 1
) -> Act:
    """A rotation signed by numbered keys; a member's next key has the next number."""
    payload = RotateKeys(next_key_commitment=commitment, signatures_required=required)
    signers = tuple(sorted(make_key(number).public_key for number in keys))
    return Act(account or member(1), payload, nonce=1_000, keys=signers)


def _keys(world: FederationWorld, account: bytes) -> list[bytes]:
    return [key.public_key for key in require_account(world.view, account).keys]


def test_the_committed_key_takes_over_and_the_old_one_stops_at_once() -> None:
    """Without the old key: it may be lost or stolen."""
    world = _world()

    events = world.run(_rotate(2))

    new = make_key(2).public_key
    assert world.refusals == [None]
    assert _keys(world, member(1)) == [new]
    assert require_account(world.view, member(1)).next_key_commitment == AFTER_NEXT
    assert events == [
        KeysRotated(
            cooperative=coop(0), account=member(1), public_keys=(new,), signatures_required=1
        )
    ]


def test_a_stolen_current_key_cannot_rotate() -> None:
    """It was never committed to as the next one."""
    world = _world()

    assert world.refuse(_rotate(1)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(_rotate(3)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(_rotate(1, 2)) is RefusalCode.KEYS_NOT_COMMITTED
    assert _keys(world, member(1)) == [make_key(1).public_key]


def test_a_rotation_holds_once() -> None:
    """After it another key is committed to."""
    world = _world()
    world.run(_rotate(2))

    assert world.refuse(_rotate(2)) is RefusalCode.KEYS_NOT_COMMITTED


@pytest.mark.parametrize("number", [1, 2])
def test_a_rotation_leads_to_new_keys_and_commits_to_others(number: int) -> None:
    """Going back to a key would let what it signed before be sent again."""
    world = _world()
    back = compute_key_commitment(make_key(number).public_key)

    assert world.refuse(_rotate(2, commitment=back)) is RefusalCode.KEYS_NOT_NEW


def test_the_new_keys_nonces_begin_with_the_rotations() -> None:
    """Whatever it signed before under a lower number is used up."""
    world = _world()
    world.run(_rotate(2))

    key = require_account(world.view, member(1)).keys[0]
    assert (key.nonce_highest, key.nonce_window) == (1_000, b"\xff" * 16)


def test_an_account_may_go_over_to_several_keys_of_which_some_must_sign() -> None:
    """The commitment names them all and how many; all of them sign the rotation."""
    world = _world()
    three = [make_key(number).public_key for number in (11, 12, 13)]
    world.run(_rotate(2, commitment=compute_keys_commitment(three, signatures_required=2)))

    assert world.refuse(_rotate(11, 12, required=2)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(_rotate(11, 12, 13, required=3)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(_rotate(11, 12, 13, required=2)) is None
    account = require_account(world.view, member(1))
    assert _keys(world, member(1)) == sorted(three)
    assert account.signatures_required == 2


def test_nobody_commits_to_more_signatures_than_keys() -> None:
    """Such an account could never act again."""
    world = _world()
    two = [make_key(number).public_key for number in (11, 12)]
    world.run(_rotate(2, commitment=compute_keys_commitment(two, signatures_required=3)))

    assert world.refuse(_rotate(11, 12, required=3)) is RefusalCode.KEYS_NOT_COMMITTED


def test_a_several_keys_account_cannot_keep_one_of_them() -> None:
    """All of them are replaced."""
    world = _world()
    pair = [make_key(number).public_key for number in (1, 12)]
    world.run(_rotate(2, commitment=compute_keys_commitment(pair, signatures_required=1)))
    again = [make_key(number).public_key for number in (12, 14)]
    first = _rotate(1, 12, commitment=compute_keys_commitment(again, signatures_required=1))
    assert world.refuse(first) is None

    assert world.refuse(_rotate(12, 14)) is RefusalCode.KEYS_NOT_NEW


def test_the_root_account_rotates_like_any_other() -> None:
    """The cooperative's id stays."""
    world = make_federation(1)
    root = 10_000

    assert world.refuse(_rotate(root, account=coop(0))) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(_rotate(root + 1, account=coop(0))) is None
    assert _keys(world, coop(0)) == [make_key(root + 1).public_key]


def test_a_registrar_cannot_rotate_but_is_replaced_by_the_root() -> None:
    """The office commits to nobody; the root's word is enough."""
    world = make_federation(2)
    office = registrar(coop(0))
    new = tuple(sorted(make_key(number).public_key for number in (501, 502)))
    replace = ReplaceRegistrar(public_keys=new, signatures_required=2)
    assert world.refuse(_rotate(10_002, account=office)) is RefusalCode.KEYS_NOT_COMMITTED
    assert world.refuse(Act(office, replace)) is RefusalCode.NOT_ROOT

    events = world.run(Act(coop(0), replace))

    assert events == [
        RegistrarReplaced(cooperative=coop(0), public_keys=new, signatures_required=2)
    ]
    account = require_account(world.view, office)
    assert tuple(key.public_key for key in account.keys) == new
    assert account.signatures_required == 2
    assert _keys(world, registrar(coop(1))) == [make_key(10_012).public_key]


@pytest.mark.parametrize(
    ("keys", "required", "refusal"),
    [
        ((502, 501), 1, RefusalCode.PAYLOAD_MALFORMED),
        ((501, 501), 1, RefusalCode.PAYLOAD_MALFORMED),
        ((501,), 2, RefusalCode.PAYLOAD_MALFORMED),
        ((10_002,), 1, RefusalCode.KEYS_NOT_NEW),
    ],
)
def test_a_registrars_new_keys_are_ascending_new_and_enough(
    keys: tuple[int, ...], required: int, refusal: RefusalCode
) -> None:
    """A key that is in use could have its old transactions sent again."""
    world = make_federation(1)
    public_keys = [make_key(number).public_key for number in keys]
    if keys == (502, 501):
        public_keys = sorted(public_keys, reverse=True)
    payload = ReplaceRegistrar(public_keys=tuple(public_keys), signatures_required=required)

    assert world.refuse(Act(coop(0), payload)) is refusal


def test_a_registrars_former_key_comes_back_when_all_that_it_signed_has_expired() -> None:
    """Its nonces begin anew: within a day it could be sent once more."""
    world = make_federation(1)
    first, second, third = 10_002, 501, 502

    def replace(number: int, *, after_ms: int = BLOCK_MS) -> RefusalCode | None:
        payload = ReplaceRegistrar(public_keys=(make_key(number).public_key,))
        return world.refuse(Act(coop(0), payload), after_ms=after_ms)

    assert replace(second) is None
    ended_ms = world.time_ms
    assert replace(first) is RefusalCode.KEYS_NOT_NEW
    assert replace(third) is None
    assert replace(first) is RefusalCode.KEYS_NOT_NEW, "nor by way of another one"
    left_ms = ended_ms + TX_VALIDITY_MS_MAX - world.time_ms
    assert replace(first, after_ms=left_ms - 1) is RefusalCode.KEYS_NOT_NEW
    assert replace(first, after_ms=1) is None
    assert _keys(world, registrar(coop(0))) == [make_key(first).public_key]


def test_a_registrars_former_keys_stay_in_state() -> None:
    """As versions of the office's document, like everybody's."""
    world = make_federation(1)
    office, began_ms = registrar(coop(0)), world.time_ms
    former = _keys(world, office)
    world.run(Act(coop(0), ReplaceRegistrar(public_keys=(make_key(501).public_key,))))

    [state] = KeyView(world.view.kv).scan_key_states(coop(0), office)

    assert (state.version, list(state.keys)) == (0, former)
    assert (state.since_ms, state.until_ms) == (began_ms, world.time_ms)
    account = require_account(world.view, office)
    assert (account.keys_version, account.keys_since_ms) == (1, world.time_ms)


def test_a_single_keys_commitment_is_the_one_of_the_inception() -> None:
    """Wallets commit to one key; several are committed to in any order."""
    one, other = make_key(1).public_key, make_key(2).public_key

    assert compute_keys_commitment([one], signatures_required=1) == compute_key_commitment(one)
    assert compute_keys_commitment([one, other], signatures_required=1) == compute_keys_commitment(
        [other, one], signatures_required=1
    )
    assert compute_keys_commitment([one, other], signatures_required=1) != compute_keys_commitment(
        [one, other], signatures_required=2
    )
