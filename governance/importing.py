"""Bringing a sealed chain's roll into the federation, in bounded parts.

Accounts keep their ids, keys and commitments; the roll keeps its entries, epoch and root; the
bylaws keep their hash. Each part carries the proof that the seal, which the federation has
approved, holds exactly these entries in exactly this order, so nothing wrong can be begun.
Until all is there the cooperative's own affairs wait.
"""

from msgspec.structs import replace

from governance.bylaws import is_within_charter
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.federal_events import MembersImported, RollImported
from governance.federal_view import FederalView
from governance.logs import append
from governance.merkle_log import is_included, is_range_included
from governance.records import Account, AccountKey, Role, Roll, RollChange, RollEntry
from governance.refusals import RefusalCode, TxRefusedError
from governance.registry import require_root
from governance.roll import changes_log, require_account, roll_log
from governance.seals import (
    Import,
    ImportedAccount,
    ImportedEntry,
    ImportedRoll,
    Seal,
    SealedChain,
)
from governance.transactions import ImportRoll


def check_sealed(
    view: FederalView, sealed: SealedChain, *, cooperative: bytes, chain_id: str
) -> None:
    """Check that what a motion says of a former chain holds together and is meant for this one.

    A seal for a chain that this one goes on from is meant for this one.

    That the former chain's state has this seal is proven outside, before anybody approves.

    Raises:
        TxRefusedError: SEAL_UNFIT; says what is wrong.
    """
    seal = sealed.seal
    for is_wrong, what in (
        (seal.cooperative != cooperative, "it is another cooperative's"),
        (
            seal.destination != chain_id and not view.went_on_from(seal.destination),
            "it is for another chain",
        ),
        (not seal.is_complete, "it is not complete"),
        (sealed.bylaws.compute_hash() != seal.bylaws_hash, "it has other bylaws"),
        (
            seal.root_signatures_required > len(seal.root_keys),
            "its root needs more signatures than it has keys",
        ),
        (not is_within_charter(sealed.bylaws), "its bylaws go below the charter's floors"),
    ):
        if is_wrong:
            raise TxRefusedError(RefusalCode.SEAL_UNFIT, what)


def begin_import(view: FederalView, sealed: SealedChain) -> None:
    """Give a registered cooperative its former bylaws and root keys, and await its roll."""
    seal = sealed.seal
    view.put_bylaws(sealed.bylaws)
    cooperative = view.require_cooperative(seal.cooperative)
    view.put_cooperative(
        replace(
            cooperative,
            bylaws_hash=seal.bylaws_hash,
            founding_ends_ms=seal.founding_ends_ms,
        )
    )
    root = require_account(view, seal.cooperative)
    view.put_account(
        seal.cooperative,
        replace(
            root,
            keys=tuple(AccountKey(public_key=key) for key in seal.root_keys),
            signatures_required=seal.root_signatures_required,
            next_key_commitment=seal.root_next_key_commitment,
            guardians_commitment=seal.root_guardians_commitment,
        ),
    )
    if seal.roll_size:
        view.put_import(Import(seal=seal))


def apply_import_roll(
    view: FederalView, tx: ImportRoll, *, sender: Sender, block: BlockContext
) -> Events:
    """Take over the next entries of the former roll; the last ones complete it.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, NO_IMPORT, IMPORT_OUT_OF_ORDER,
            IMPORT_UNPROVEN; in this order.
    """
    cooperative = require_root(view, sender)
    progress = view.get_import(cooperative.id)
    if progress is None:
        raise TxRefusedError(RefusalCode.NO_IMPORT)
    if tx.start != progress.done_count:
        raise TxRefusedError(RefusalCode.IMPORT_OUT_OF_ORDER, f"{progress.done_count} comes next")
    leaves = [_roll_entry_of(entry.account).encode() for entry in tx.entries]
    _check_proofs(tx, leaves, seal=progress.seal)
    taken = tuple(
        entry.account.account
        for entry in tx.entries
        if _take_over(view, entry.account, cooperative.id, block=block)
    )
    told: Events = (MembersImported(cooperative=cooperative.id, accounts=taken),)
    append(view, roll_log(cooperative.id), leaves)
    changes = [
        RollChange(account=entry.account.account, height=block.height, is_back=False)
        for entry in tx.entries
        if entry.account.account not in taken
    ]
    if changes:  # they are on the roll's list all the same, which keeps its root
        append(view, changes_log(cooperative.id), [change.encode() for change in changes])
    progress = replace(
        progress,
        done_count=progress.done_count + len(leaves),
        active_count=progress.active_count + len(taken),
    )
    if progress.done_count < progress.seal.roll_size:
        view.put_import(progress)
        return told
    return (*told, *_complete(view, progress, block=block))


def _complete(view: FederalView, progress: Import, *, block: BlockContext) -> Events:
    """The former roll is here: from now on it is this chain's."""
    seal = progress.seal
    view.delete_import(seal.cooperative)
    roll = Roll(epoch=seal.roll_epoch, active_count=progress.active_count)
    view.put_roll(seal.cooperative, roll)
    imported = ImportedRoll(size=seal.roll_size, root=seal.roll_root, height=block.height)
    view.put_imported_roll(seal.cooperative, imported)
    return (
        RollImported(
            cooperative=seal.cooperative,
            epoch=roll.epoch,
            active_count=roll.active_count,
            roll_root=seal.roll_root,
        ),
    )


def _check_proofs(tx: ImportRoll, leaves: list[bytes], *, seal: Seal) -> None:
    is_proven = is_range_included(
        leaves=leaves,
        start=tx.start,
        size=seal.roll_size,
        path=tx.roll_path,
        root=seal.roll_root,
    ) and all(_is_sealed(entry, seal) for entry in tx.entries)
    if not is_proven:
        raise TxRefusedError(RefusalCode.IMPORT_UNPROVEN)


def _is_sealed(entry: ImportedEntry, seal: Seal) -> bool:
    return is_included(
        leaf=entry.account.encode(),
        index=entry.index,
        size=seal.accounts_count,
        path=entry.path,
        root=seal.accounts_root,
    )


def _roll_entry_of(account: ImportedAccount) -> RollEntry:
    return RollEntry(account=account.account, height=account.joined_height)


def _take_over(
    view: FederalView, imported: ImportedAccount, cooperative: bytes, *, block: BlockContext
) -> bool:
    """Begin an account with its former id; whether it counts among the active.

    One that is here already stays where it is: a registrar elsewhere who admitted the same
    keys before must not be able to keep the whole roll out.
    """
    if view.get_home(imported.account) is not None:
        return False
    account = Account(
        cooperative=cooperative,
        role=Role.MEMBER,
        keys=tuple(AccountKey(public_key=key) for key in imported.keys),
        next_key_commitment=imported.next_key_commitment,
        guardians_commitment=imported.guardians_commitment,
        # Heights of two chains do not compare: here the member joined with the roll.
        joined_height=block.height,
        left_height=block.height if imported.has_left else None,
        signatures_required=imported.signatures_required,
        keys_version=imported.keys_version,
        keys_since_ms=block.time_ms,
        is_deactivated=imported.is_deactivated,
        created_ms=imported.created_ms,
    )
    view.put_new_account(imported.account, account)
    return not imported.has_left
