"""The rules as a state machine: genesis, then for each block begin, apply, end.

This is all that the ledger, a simulator or a replayer calls. A block without transactions,
announced windows or due deadlines changes nothing: otherwise each block would call for the
next, for ever.
"""

from msgspec.structs import replace

from governance.ballots import apply_cast_ballot
from governance.bylaws import Bylaws
from governance.context import BlockContext, Sender
from governance.deadlines import apply_deadlines, apply_openings
from governance.events import CooperativeRegistered, Events
from governance.genesis import GenesisCooperative, GenesisState, check_genesis
from governance.logs import COOPERATIVES, append
from governance.proposals import apply_submit_proposal
from governance.records import (
    Account,
    AccountKey,
    Cooperative,
    CooperativeStatus,
    Parameters,
    Role,
    Roll,
    compute_office_account_id,
)
from governance.roll import apply_admit_members
from governance.transactions import AdmitMembers, Payload, SubmitProposal
from governance.view import KeyValue, StateView

_NO_COMMITMENT = bytes(32)


def init_state(kv: KeyValue, genesis: GenesisState, block: BlockContext) -> Events:
    """Write what a chain begins with.

    Args:
        kv: An empty view.
        genesis: From the genesis file.
        block: The initial height, the genesis time and the chain's id.

    Raises:
        RefusedError: As `check_genesis`.
    """
    bylaws = check_genesis(genesis, chain_id=block.chain_id)
    view = StateView(kv)
    view.put_parameters(
        Parameters(
            network=genesis.network,
            time_scale=genesis.time_scale,
            bylaws_hash=bylaws.compute_hash(),
        )
    )
    view.put_bylaws(bylaws)
    return tuple(
        _register(view, cooperative, bylaws, block=block) for cooperative in genesis.cooperatives
    )


def begin_block(kv: KeyValue, block: BlockContext) -> Events:
    """Do what time brings: announced windows start, then due deadlines are met."""
    # In this order: a window announced by a deadline of this block starts with the next.
    return apply_openings(kv, block=block) + apply_deadlines(kv, block=block)


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
    view = StateView(kv)
    if isinstance(payload, AdmitMembers):
        return apply_admit_members(view, payload, sender=sender, block=block)
    if isinstance(payload, SubmitProposal):
        return apply_submit_proposal(view, payload, sender=sender, block=block)
    return apply_cast_ballot(view, payload, sender=sender, block=block)


def end_block(kv: KeyValue, block: BlockContext) -> Events:  # noqa: ARG001
    """Close a block: no rule acts after the transactions, so nothing changes."""
    return ()


def _register(
    view: StateView, founder: GenesisCooperative, bylaws: Bylaws, *, block: BlockContext
) -> CooperativeRegistered:
    cooperative = Cooperative(
        id=founder.id,
        did=founder.did,
        root_key=founder.inception.public_key,
        registrar_key=founder.registrar_key,
        assertion_key=founder.assertion_key,
        consensus_key=founder.consensus_key,
        node_id=founder.node_id,
        bylaws_hash=bylaws.compute_hash(),
        admitted_height=block.height,
        status=CooperativeStatus.ACTIVE,
    )
    view.put_cooperative(cooperative)
    append(view, COOPERATIVES, [cooperative.id])
    view.put_roll(cooperative.id, Roll())
    registrar = _put_offices(view, founder, block=block)
    return CooperativeRegistered(
        cooperative=cooperative.id,
        did=cooperative.did,
        registrar_account=registrar,
        assertion_key=cooperative.assertion_key,
        consensus_key=cooperative.consensus_key,
        node_id=cooperative.node_id,
    )


def _put_offices(view: StateView, founder: GenesisCooperative, *, block: BlockContext) -> bytes:
    root = Account(
        cooperative=founder.id,
        role=Role.ROOT,
        keys=(AccountKey(public_key=founder.inception.public_key),),
        next_key_commitment=founder.inception.next_key_commitment,
        guardians_commitment=founder.inception.guardians_commitment,
        joined_height=block.height,
    )
    registrar = replace(
        root,
        role=Role.REGISTRAR,
        keys=(AccountKey(public_key=founder.registrar_key),),
        # The root key replaces a registrar, so the office commits to no successor.
        next_key_commitment=_NO_COMMITMENT,
        guardians_commitment=_NO_COMMITMENT,
    )
    view.put_new_account(compute_office_account_id(cooperative=founder.id, role=Role.ROOT), root)
    registrar_id = compute_office_account_id(cooperative=founder.id, role=Role.REGISTRAR)
    view.put_new_account(registrar_id, registrar)
    return registrar_id
