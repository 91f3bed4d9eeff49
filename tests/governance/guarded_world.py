"""A member with five guardians, three of whom make a recovery and four a final one."""

from typing import Any

from did.accounts import Inception, compute_guardians_commitment, compute_key_commitment
from governance.context import BlockContext
from governance.key_transactions import DeactivateAccount, RecoverAccount, VetoRecovery
from governance.key_view import KeyView
from governance.records import Account
from governance.roll import require_account
from governance.transactions import AdmitMembers
from tests.governance.world import COOPERATIVE, Act, World, make_key, make_world, registrar

SALT = bytes([9]) * 32
GUARDIANS = tuple(sorted(make_key(number).public_key for number in range(600, 605)))
THRESHOLD, OVERRIDE = 3, 4
CURRENT, COLD, NEW, AFTER_NEW = (make_key(number) for number in (500, 501, 510, 511))
COMMITMENT = compute_guardians_commitment(
    GUARDIANS, salt=SALT, threshold=THRESHOLD, override=OVERRIDE
)
INCEPTION = Inception(
    public_key=CURRENT.public_key,
    next_key_commitment=compute_key_commitment(COLD.public_key),
    guardians_commitment=COMMITMENT,
)
WARD = INCEPTION.compute_id()
NO_GUARDIANS = bytes(32)


def make_guarded_world() -> World:
    world = make_world()
    world.run(Act(registrar(), AdmitMembers(cooperative=COOPERATIVE, inceptions=(INCEPTION,))))
    return world


def recover(guardians_count: int, *, new: tuple[Any, ...] = (NEW,), **changes: Any) -> Act:
    """Some guardians, and the new keys, sign."""
    new_keys = tuple(sorted(key.public_key for key in new))
    payload = RecoverAccount(
        **{
            "attempt": 1,
            "guardians": GUARDIANS,
            "salt": SALT,
            "threshold": THRESHOLD,
            "override": OVERRIDE,
            "public_keys": new_keys,
            "signatures_required": 1,
            "next_key_commitment": compute_key_commitment(AFTER_NEW.public_key),
            "guardians_commitment": NO_GUARDIANS,
            **changes,
        }
    )
    keys = tuple(sorted((*GUARDIANS[:guardians_count], *new_keys)))
    return Act(WARD, payload, nonce=700, keys=keys)


def veto(*, by: Any = COLD, attempt: int = 1) -> Act:
    return Act(WARD, VetoRecovery(attempt=attempt), nonce=701, keys=(by.public_key,))


def deactivate(*, by: Any = COLD) -> Act:
    return Act(WARD, DeactivateAccount(), nonce=702, keys=(by.public_key,))


def account_of(world: World) -> Account:
    return require_account(world.view, WARD)


def keys_of(world: World) -> list[bytes]:
    return [key.public_key for key in account_of(world).keys]


def view_of(world: World) -> KeyView:
    return KeyView(world.kv)


def block_of(world: World) -> BlockContext:
    return BlockContext(height=world.height, time_ms=world.time_ms, chain_id="test-heart-1")
