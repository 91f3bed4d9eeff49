"""Ending a chain of one cooperative so that it can join a federation with all that it has.

The seal in state says what the federation is to find: the roll's root and size, every
account's keys as a log of their own, the bylaws, the root account's keys. One proof of it, by
the sealed chain's own validator, is all that others need. Accounts are read in bounded parts,
block by block. After the seal nothing else happens on that chain.
"""

from itertools import islice

from msgspec.structs import replace

from config.limits import ACCOUNTS_SEALED_PER_BLOCK_MAX
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.federal_events import ChainSealed, SealCompleted
from governance.federal_view import FederalView
from governance.logs import Log, LogName, append, get_frontier
from governance.queues import is_waiting
from governance.records import Account, Role
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import count_members, require_root
from governance.roll import roll_log
from governance.seals import ImportedAccount, Seal
from governance.state_keys import Collection, state_key
from governance.transactions import SealChain


def apply_seal_chain(
    view: FederalView, tx: SealChain, *, sender: Sender, block: BlockContext
) -> Events:
    """Begin the seal; the accounts follow in the next blocks.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, NOT_ALONE, VOTES_OPEN; in this order.
    """
    cooperative = require_root(view, sender)
    if count_members(view) > 1:
        raise TxRefusedError(RefusalCode.NOT_ALONE)
    if is_waiting(view):
        raise TxRefusedError(RefusalCode.VOTES_OPEN)
    root = sender.record
    roll = view.get_roll(cooperative.id)
    frontier = get_frontier(view, roll_log(cooperative.id))
    view.put_seal(
        Seal(
            cooperative=cooperative.id,
            destination=tx.destination,
            height=block.height,
            time_ms=block.time_ms,
            bylaws_hash=cooperative.bylaws_hash,
            root_keys=tuple(key.public_key for key in root.keys),
            root_signatures_required=root.signatures_required,
            root_next_key_commitment=root.next_key_commitment,
            root_guardians_commitment=root.guardians_commitment,
            roll_epoch=roll.epoch,
            roll_size=frontier.size,
            roll_root=frontier.compute_root(),
            active_count=roll.active_count,
            founding_ends_ms=cooperative.founding_ends_ms,
        )
    )
    return (ChainSealed(cooperative=cooperative.id, destination=tx.destination),)


def continue_seal(view: FederalView) -> Events:
    """Add accounts to a seal that is not complete, as many as a block may."""
    seal = view.get_seal()
    if seal is None or seal.is_complete:
        return ()
    prefix = state_key(seal.cooperative, Collection.ACCOUNT, b"")
    found = [
        (key[len(prefix) :], Account.decode(data))
        for key, data in islice(
            view.kv.scan(prefix, after=prefix + seal.last_account), ACCOUNTS_SEALED_PER_BLOCK_MAX
        )
    ]
    members = [_render(account_id, item) for account_id, item in found if item.role is Role.MEMBER]
    frontier = append(view, sealed_log(seal.cooperative), [item.encode() for item in members])
    is_complete = len(found) < ACCOUNTS_SEALED_PER_BLOCK_MAX
    view.put_seal(
        replace(
            seal,
            last_account=found[-1][0] if found else seal.last_account,
            is_complete=is_complete,
            accounts_count=frontier.size,
            accounts_root=frontier.compute_root() if is_complete else b"",
        )
    )
    if not is_complete:
        return ()
    return (SealCompleted(cooperative=seal.cooperative, accounts_count=frontier.size),)


def check_not_sealed(view: FederalView) -> None:
    """Check that the chain still takes transactions.

    Raises:
        TxRefusedError: CHAIN_SEALED.
    """
    if view.get_seal() is not None:
        raise TxRefusedError(RefusalCode.CHAIN_SEALED)


def sealed_log(cooperative: bytes) -> Log:
    """The log of a sealed chain's accounts, ascending by id."""
    return Log(LogName.SEALED_ACCOUNTS, namespace=cooperative)


def _render(account_id: bytes, account: Account) -> ImportedAccount:
    return ImportedAccount(
        account=account_id,
        joined_height=account.joined_height,
        keys=tuple(key.public_key for key in account.keys),
        signatures_required=account.signatures_required,
        next_key_commitment=account.next_key_commitment,
        guardians_commitment=account.guardians_commitment,
        has_left=account.left_height is not None,
        keys_version=account.keys_version,
        is_deactivated=account.is_deactivated,
        created_ms=account.created_ms,
    )
