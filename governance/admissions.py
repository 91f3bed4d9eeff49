"""Admission: the registrar admits, an auditor attests, members may object, a batch lands.

While a cooperative is being founded its registrar alone admits, and at once: nobody else has
an office yet. Members who came so count in the federation once the auditors have looked at the
roll. Where no auditors sit, nobody attests, and the window for objections remains.
"""

from msgspec.structs import replace

from governance.body_acts import AuditRoll, DecideChallenge, LetRollGrow
from governance.body_records import BodyKind
from governance.bylaws import compute_window_ms
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.offices import require_office
from governance.queues import Turn, put_due
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import has_left_roll, is_member, require_registrar
from governance.roll_batches import grow_more, put_on_roll, schedule_batch
from governance.roll_events import (
    AdmissionAttested,
    AdmissionChallenged,
    AdmissionOpened,
    ChallengeDecided,
    RollAudited,
    RollMayGrow,
)
from governance.roll_records import Admission, Landing
from governance.roll_transactions import AttestAdmission, ChallengeAdmission, compute_admission_id
from governance.roll_view import RollView
from governance.transactions import AdmitMembers


def apply_admit_members(
    view: RollView, tx: AdmitMembers, *, sender: Sender, block: BlockContext
) -> Events:
    """Admit applicants together, all or none; after the founding others may object first.

    Raises:
        TxRefusedError: As `require_registrar`; then ADMISSION_REPEATED, ACCOUNT_EXISTS; in
            this order.
    """
    cooperative = require_registrar(view, tx.cooperative, sender=sender)
    accounts = tuple(inception.compute_id() for inception in tx.inceptions)
    if len(dict.fromkeys(accounts)) != len(accounts):
        raise TxRefusedError(RefusalCode.ADMISSION_REPEATED)
    if any(not _may_come(view, tx.cooperative, account) for account in accounts):
        raise TxRefusedError(RefusalCode.ACCOUNT_EXISTS)
    admission_id = compute_admission_id(account=sender.account, nonce=sender.nonce, payload=tx)
    if block.time_ms < cooperative.founding_ends_ms:
        admission = Admission(id=admission_id, inceptions=tx.inceptions, ends_ms=block.time_ms)
        landing = [(item, _make_landing(view, admission, item)) for item in accounts]
        return put_on_roll(view, tx.cooperative, landing, block=block)
    bylaws = view.get_bylaws(cooperative.bylaws_hash)
    scale = view.get_parameters().time_scale
    admission = Admission(
        id=admission_id,
        inceptions=tx.inceptions,
        ends_ms=block.time_ms + compute_window_ms(bylaws.roll.challenge_s, time_scale=scale),
    )
    view.put_admission(tx.cooperative, admission)
    put_due(
        view,
        Turn.ADMISSION,
        due_ms=admission.ends_ms,
        cooperative=tx.cooperative,
        subject=admission_id,
    )
    return (
        AdmissionOpened(
            cooperative=tx.cooperative,
            admission=admission_id,
            accounts=accounts,
            ends_ms=admission.ends_ms,
        ),
    )


def apply_attest_admission(
    view: RollView, tx: AttestAdmission, *, sender: Sender, block: BlockContext
) -> Events:
    """Attest that applicants are people who exist, as an auditor, independent of the registrar.

    Raises:
        TxRefusedError: As `require_office`; then NOT_IN_BODY, ADMISSION_UNKNOWN,
            ADMISSION_ATTESTED; in this order.
    """
    require_office(view, tx.cooperative, sender=sender)
    if sender.account not in view.get_body(tx.cooperative, BodyKind.AUDITORS).offices:
        raise TxRefusedError(RefusalCode.NOT_IN_BODY)
    admission = view.get_admission(tx.cooperative, tx.admission)
    if admission is None:
        raise TxRefusedError(RefusalCode.ADMISSION_UNKNOWN)
    if admission.attestor:
        raise TxRefusedError(RefusalCode.ADMISSION_ATTESTED)
    admission = replace(admission, attestor=sender.account)
    view.put_admission(tx.cooperative, admission)
    if block.time_ms >= admission.ends_ms:
        end_objections(view, tx.cooperative, admission.id, block=block)
    return (
        AdmissionAttested(
            cooperative=tx.cooperative, admission=tx.admission, office=sender.account
        ),
    )


def apply_challenge_admission(
    view: RollView, tx: ChallengeAdmission, *, sender: Sender, block: BlockContext
) -> Events:
    """Object to somebody's admission, as a member: they wait for the auditors.

    Raises:
        TxRefusedError: COOPERATIVE_UNKNOWN, NOT_A_MEMBER, ADMISSION_UNKNOWN, CHALLENGE_UNFIT;
            in this order.
    """
    if view.get_cooperative(tx.cooperative) is None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_UNKNOWN)
    if not is_member(sender.record, tx.cooperative):
        raise TxRefusedError(RefusalCode.NOT_A_MEMBER)
    admission = view.get_admission(tx.cooperative, tx.admission)
    if admission is None:
        raise TxRefusedError(RefusalCode.ADMISSION_UNKNOWN)
    waiting = [inception.compute_id() for inception in admission.inceptions]
    is_late = block.time_ms >= admission.ends_ms
    if is_late or tx.account not in waiting or tx.account in admission.challenged:
        raise TxRefusedError(RefusalCode.CHALLENGE_UNFIT)
    challenged = tuple(sorted((*admission.challenged, tx.account)))
    view.put_admission(tx.cooperative, replace(admission, challenged=challenged))
    return (
        AdmissionChallenged(
            cooperative=tx.cooperative,
            admission=tx.admission,
            account=tx.account,
            reasons_hash=tx.reasons_hash,
        ),
    )


def decide_challenge(
    view: RollView, act: DecideChallenge, *, cooperative: bytes, block: BlockContext
) -> Events:
    """Say of somebody whose admission was challenged whether they come.

    Raises:
        TxRefusedError: ADMISSION_UNKNOWN, CHALLENGE_UNFIT; in this order.
    """
    admission = view.get_admission(cooperative, act.admission)
    if admission is None:
        raise TxRefusedError(RefusalCode.ADMISSION_UNKNOWN)
    if act.account not in admission.challenged:
        raise TxRefusedError(RefusalCode.CHALLENGE_UNFIT)
    challenged = tuple(item for item in admission.challenged if item != act.account)
    inceptions = admission.inceptions
    if act.is_upheld:
        inceptions = tuple(item for item in inceptions if item.compute_id() != act.account)
    admission = replace(admission, challenged=challenged, inceptions=inceptions)
    if admission.inceptions:
        view.put_admission(cooperative, admission)
    else:
        view.delete_admission(cooperative, admission.id)
    if admission.inceptions and block.time_ms >= admission.ends_ms:
        end_objections(view, cooperative, admission.id, block=block)
    return (
        ChallengeDecided(
            cooperative=cooperative,
            admission=act.admission,
            account=act.account,
            is_upheld=act.is_upheld,
        ),
    )


def audit_roll(view: RollView, act: AuditRoll, *, cooperative: bytes) -> Events:
    """Vouch for a roll as it is: all who are on it count in the federation.

    Raises:
        TxRefusedError: ROLL_OTHER.
    """
    roll = view.get_roll(cooperative)
    if (act.epoch, act.active_count) != (roll.epoch, roll.active_count):
        raise TxRefusedError(
            RefusalCode.ROLL_OTHER, f"epoch {roll.epoch}, {roll.active_count} members"
        )
    view.put_roll(cooperative, replace(roll, audited_count=roll.active_count))
    return (RollAudited(cooperative=cooperative, epoch=roll.epoch, active_count=roll.active_count),)


def let_roll_grow(
    view: RollView, act: LetRollGrow, *, cooperative: bytes, block: BlockContext
) -> Events:
    """Let more members onto the roll in this period, after having looked."""
    grow_more(view, cooperative, act.count, block=block)
    return (RollMayGrow(cooperative=cooperative, count=act.count),)


def end_objections(
    view: RollView, cooperative: bytes, admission_id: bytes, *, block: BlockContext
) -> None:
    """Send on their way whom nobody objects to, once the admission is attested."""
    admission = view.get_admission(cooperative, admission_id)
    if admission is None:
        return
    has_auditors = bool(view.get_body(cooperative, BodyKind.AUDITORS).seats)
    if has_auditors and not admission.attestor:
        return
    waiting = []
    for inception in admission.inceptions:
        account = inception.compute_id()
        if account in admission.challenged:
            waiting.append(inception)
        elif _may_come(view, cooperative, account):
            view.put_landing(cooperative, account, _make_landing(view, admission, account))
    schedule_batch(view, cooperative, block=block)
    if waiting:
        view.put_admission(cooperative, replace(admission, inceptions=tuple(waiting)))
    else:
        view.delete_admission(cooperative, admission_id)


def _make_landing(view: RollView, admission: Admission, account: bytes) -> Landing:
    inception = next(item for item in admission.inceptions if item.compute_id() == account)
    is_known = view.get_account(account) is not None
    return Landing(inception=None if is_known else inception, is_attested=bool(admission.attestor))


def _may_come(view: RollView, cooperative: bytes, account_id: bytes) -> bool:
    """Whether somebody is new, or was a member of this cooperative and has left."""
    if view.get_landing(cooperative, account_id) is not None:
        return False
    account = view.get_account(account_id)
    if account is not None and account.is_deactivated:
        return False
    return account is None or has_left_roll(account, cooperative)
