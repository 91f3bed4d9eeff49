"""The rules as a state machine: genesis, then for each block begin, apply, end.

This is all that the ledger, a simulator or a replayer calls. A block without transactions,
announced windows or due deadlines changes nothing: otherwise each block would call for the
next, for ever.
"""

from typing import assert_never

from governance.accountability_applying import apply_of_accountability
from governance.accountability_transactions import AccountabilityPayload
from governance.accountability_view import AccountabilityView
from governance.admissions import (
    apply_admit_members,
    apply_attest_admission,
    apply_challenge_admission,
)
from governance.ballots import apply_cast_ballot
from governance.body_applying import apply_of_body
from governance.body_transactions import BodyPayload
from governance.consent_anchors import apply_anchor_consents
from governance.context import NO_FACTS, BlockContext, BlockFacts, Sender
from governance.deadlines import apply_deadlines, apply_openings
from governance.departures import apply_appeal_exclusion, apply_leave_roll
from governance.events import Events
from governance.federal import (
    apply_approve_federal_act,
    apply_federal_deadlines,
    apply_propose_federal_act,
)
from governance.federal_view import FederalView
from governance.genesis import GenesisState, check_genesis
from governance.guardians import (
    apply_deactivate_account,
    apply_recover_account,
    apply_veto_recovery,
)
from governance.importing import apply_import_roll
from governance.key_transactions import (
    DeactivateAccount,
    KeyPayload,
    RecoverAccount,
    RotateKeys,
    VetoRecovery,
)
from governance.key_view import KeyView
from governance.keys import apply_replace_registrar, apply_rotate_keys, check_signers
from governance.leaving import apply_give_notice
from governance.outages import note_block
from governance.proposals import (
    apply_amend_proposal,
    apply_submit_proposal,
    apply_withdraw_proposal,
)
from governance.records import Parameters
from governance.registry import apply_update_cooperative, register
from governance.roll_transactions import (
    AppealExclusion,
    AttestAdmission,
    ChallengeAdmission,
    LeaveRoll,
    RollPayload,
)
from governance.roll_view import RollView
from governance.sealing import apply_seal_chain, check_not_sealed, continue_seal
from governance.standing import apply_return_to_duty, apply_rotate_consensus_key
from governance.transactions import (
    AdmitMembers,
    AmendProposal,
    AnchorConsents,
    ApproveFederalAct,
    CastBallot,
    FederalPayload,
    GiveNotice,
    ImportRoll,
    Payload,
    ProposeFederalAct,
    ReplaceRegistrar,
    ReturnToDuty,
    RotateConsensusKey,
    SealChain,
    SubmitProposal,
    UpdateCooperative,
    WithdrawProposal,
)
from governance.validator_updates import apply_updates, begin_validators
from governance.value.applying import apply_value
from governance.value.transactions import ValuePayload
from governance.value.view import ValueView
from governance.view import KeyValue
from governance.watch import apply_evidence, apply_silence


def init_state(
    kv: KeyValue, genesis: GenesisState, block: BlockContext, *, rules_version: int = 1
) -> Events:
    """Write what a chain begins with.

    Args:
        kv: An empty view.
        genesis: From the genesis file.
        block: The initial height, the genesis time and the chain's id.
        rules_version: Of the first block (`governance.rules`).

    Raises:
        RefusedError: As `check_genesis`.
    """
    bylaws = check_genesis(genesis, chain_id=block.chain_id)
    view = FederalView(kv)
    view.put_parameters(
        Parameters(
            network=genesis.network,
            time_scale=genesis.time_scale,
            bylaws_hash=bylaws.compute_hash(),
            rules_version=rules_version,
        )
    )
    view.put_bylaws(bylaws)
    events: Events = ()
    for founder in genesis.cooperatives:
        events += register(view, founder, bylaws_hash=bylaws.compute_hash(), block=block)
    return events + begin_validators(view, block=block)


def begin_block(kv: KeyValue, block: BlockContext, facts: BlockFacts = NO_FACTS) -> Events:
    """Do what time and the engine's facts bring, before any transaction.

    Announced windows start; due deadlines are met; then who signed twice is accused and who
    was silent for too long is suspended.
    """
    view = FederalView(kv)
    events = note_block(view, block=block)
    # In this order: a window announced by a deadline of this block starts with the next.
    events += apply_openings(kv, block=block) + apply_deadlines(kv, block=block)
    events += continue_seal(view) + apply_federal_deadlines(view, block=block)
    events += apply_evidence(view, facts, block=block)
    return events + apply_silence(view, facts, block=block)


def apply(kv: KeyValue, *, sender: Sender, payload: Payload, block: BlockContext) -> Events:
    """Apply an authenticated transaction.

    Args:
        kv: A savepoint, which the caller drops when this raises.
        sender: Who signed.
        payload: What they ask for.
        block: The block that carries it.

    Raises:
        TxRefusedError: A rule forbids it; docs/transactions.md has the precedence.
    """
    view = RollView(kv)
    check_not_sealed(view)
    if isinstance(payload, CastBallot):  # first: nearly all are, and the lists below are long
        return apply_cast_ballot(view, payload, sender=sender, block=block)
    if isinstance(payload, BodyPayload):
        return apply_of_body(view, payload, sender=sender, block=block)
    if isinstance(payload, RollPayload):
        return _apply_of_roll(view, payload, sender=sender, block=block)
    if isinstance(payload, AccountabilityPayload):
        view_of_it = AccountabilityView(kv)
        return apply_of_accountability(view_of_it, payload, sender=sender, block=block)
    if isinstance(payload, KeyPayload):
        return _apply_of_keys(KeyView(kv), payload, sender=sender, block=block)
    if isinstance(payload, ValuePayload):
        return apply_value(ValueView(kv), payload, sender=sender, block=block)
    match payload:
        case AdmitMembers():
            return apply_admit_members(view, payload, sender=sender, block=block)
        case SubmitProposal():
            return apply_submit_proposal(view, payload, sender=sender, block=block)
        case AmendProposal():
            return apply_amend_proposal(view, payload, sender=sender)
        case WithdrawProposal():
            return apply_withdraw_proposal(view, payload, sender=sender)
        case AnchorConsents():
            return apply_anchor_consents(view, payload, sender=sender)
        case _:
            return _apply_of_root(view, payload, sender=sender, block=block)


def end_block(kv: KeyValue, block: BlockContext) -> Events:
    """Close a block: the engine is told of validators, one update for each event.

    Raises:
        InvariantError: An update would break the engine or the charter.
    """
    return apply_updates(FederalView(kv), block=block)


def _apply_of_roll(
    view: RollView, payload: RollPayload, *, sender: Sender, block: BlockContext
) -> Events:
    match payload:
        case LeaveRoll():
            return apply_leave_roll(view, payload, sender=sender, block=block)
        case AppealExclusion():
            return apply_appeal_exclusion(view, payload, sender=sender, block=block)
        case AttestAdmission():
            return apply_attest_admission(view, payload, sender=sender, block=block)
        case ChallengeAdmission():
            return apply_challenge_admission(view, payload, sender=sender, block=block)
        case _:
            assert_never(payload)


def _apply_of_keys(
    view: KeyView, payload: KeyPayload, *, sender: Sender, block: BlockContext
) -> Events:
    check_signers(view, sender.account, sender.record, payload, keys=sender.keys)
    match payload:
        case RotateKeys():
            return apply_rotate_keys(view, payload, sender=sender, block=block)
        case RecoverAccount():
            return apply_recover_account(view, payload, sender=sender, block=block)
        case VetoRecovery():
            return apply_veto_recovery(view, payload, sender=sender)
        case DeactivateAccount():
            return apply_deactivate_account(view, sender=sender, block=block)
        case _:
            assert_never(payload)


def _apply_of_root(
    view: FederalView, payload: FederalPayload, *, sender: Sender, block: BlockContext
) -> Events:
    match payload:
        case ProposeFederalAct():
            return apply_propose_federal_act(view, payload, sender=sender, block=block)
        case ApproveFederalAct():
            return apply_approve_federal_act(view, payload, sender=sender, block=block)
        case RotateConsensusKey():
            return apply_rotate_consensus_key(view, payload, sender=sender, block=block)
        case GiveNotice():
            return apply_give_notice(view, sender=sender, block=block)
        case ReturnToDuty():
            return apply_return_to_duty(view, sender=sender, block=block)
        case UpdateCooperative():
            return apply_update_cooperative(view, payload, sender=sender, block=block)
        case ReplaceRegistrar():
            return apply_replace_registrar(view, payload, sender=sender, block=block)
        case SealChain():
            return apply_seal_chain(view, payload, sender=sender, block=block)
        case ImportRoll():
            return apply_import_roll(view, payload, sender=sender, block=block)
        case _:
            assert_never(payload)
