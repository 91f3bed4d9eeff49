"""The registry of cooperatives: who enters, who parts, who they say they are, whose node it is.

Membership is apart from validating: a member that does not validate runs a full node, and its
engine's id is registered all the same. Whoever parts keeps its history here.
"""

from msgspec.structs import replace

from config.limits import COOPERATIVES_MAX
from governance.acts import NewCooperative
from governance.bylaws import compute_window_ms
from governance.charter import FOUNDING_S, PARTING_WINDOW_S
from governance.context import BlockContext, Sender
from governance.events import Events
from governance.federal_events import (
    CooperativeParted,
    CooperativeRegistered,
    CooperativeUpdated,
)
from governance.federal_records import Node
from governance.federal_view import FederalView
from governance.key_versions import keep_keys
from governance.key_view import KeyView
from governance.logs import COOPERATIVES, append
from governance.records import (
    Account,
    AccountKey,
    Cooperative,
    CooperativeStatus,
    Role,
    Roll,
    compute_office_account_id,
)
from governance.refusals import RefusalCode, TxRefusedError
from governance.roll import require_account
from governance.settlements import list_settlement
from governance.transactions import UpdateCooperative
from governance.validators import appoint, check_key_free, stop
from governance.view import StateView

_NO_COMMITMENT = bytes(32)


def check_entry(view: FederalView, new: NewCooperative) -> None:
    """Check that a cooperative may enter beside those that are there.

    Raises:
        TxRefusedError: COOPERATIVE_EXISTS, COOPERATIVES_TOO_MANY, IDENTITY_TAKEN, NODE_TAKEN,
            CONSENSUS_KEY_TAKEN; in this order.
    """
    if view.get_home(new.id) is not None:
        raise TxRefusedError(RefusalCode.COOPERATIVE_EXISTS)
    if count_members(view) >= COOPERATIVES_MAX:
        raise TxRefusedError(RefusalCode.COOPERATIVES_TOO_MANY)
    _check_identity(view, new.id, did=new.did, assertion_key=new.assertion_key)
    _check_node(view, new.id, new.node_id)
    if new.consensus_key:
        check_key_free(view, new.consensus_key)


def register(
    view: FederalView, new: NewCooperative, *, bylaws_hash: bytes, block: BlockContext
) -> Events:
    """Enter a cooperative that may enter, with its offices, as a validator if it has a key."""
    scale = view.get_parameters().time_scale
    cooperative = Cooperative(
        id=new.id,
        did=new.did,
        assertion_key=new.assertion_key,
        node_id=new.node_id,
        bylaws_hash=bylaws_hash,
        admitted_height=block.height,
        status=CooperativeStatus.ACTIVE,
        name=new.name,
        p2p_address=new.p2p_address,
        founding_ends_ms=block.time_ms + compute_window_ms(FOUNDING_S, time_scale=scale),
    )
    view.put_cooperative(cooperative)
    view.put_node(cooperative.node_id, Node(cooperative=cooperative.id))
    append(view, COOPERATIVES, [cooperative.id])
    view.put_roll(cooperative.id, Roll())
    registered = CooperativeRegistered(
        cooperative=cooperative.id,
        did=cooperative.did,
        name=cooperative.name,
        root_key=new.inception.public_key,
        registrar_account=_put_offices(view, new, block=block),
        assertion_key=cooperative.assertion_key,
        node_id=cooperative.node_id,
        p2p_address=cooperative.p2p_address,
    )
    if not new.consensus_key:
        return (registered,)
    return (registered, *appoint(view, cooperative, new.consensus_key, block=block))


def part(
    view: FederalView,
    cooperative: Cooperative,
    status: CooperativeStatus,
    *,
    block: BlockContext,
) -> Events:
    """End a membership: its validator stops, its node may connect for a little longer.

    Raises:
        TxRefusedError: LAST_VALIDATOR.
    """
    events: Events = ()
    if cooperative.validator is not None:
        events = stop(view, cooperative, block=block)
        cooperative = view.require_cooperative(cooperative.id)
    view.put_cooperative(replace(cooperative, status=status))
    _let_node_go(view, cooperative, block=block)
    parted = CooperativeParted(cooperative=cooperative.id, status=status)
    return (*events, parted, *list_settlement(view, cooperative.id))


def apply_update_cooperative(
    view: FederalView, tx: UpdateCooperative, *, sender: Sender, block: BlockContext
) -> Events:
    """Replace what a cooperative says of itself; its old node may connect for a little longer.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT, IDENTITY_TAKEN, NODE_TAKEN; in this order.
    """
    cooperative = require_root(view, sender)
    _check_identity(view, cooperative.id, did=tx.did, assertion_key=tx.assertion_key)
    if tx.node_id != cooperative.node_id:
        _check_node(view, cooperative.id, tx.node_id)
        _let_node_go(view, cooperative, block=block)
        view.put_node(tx.node_id, Node(cooperative=cooperative.id))
    if tx.did != cooperative.did:
        _rename(KeyView(view.kv), cooperative.id, tx.did, block=block)
    view.put_cooperative(
        replace(
            cooperative,
            did=tx.did,
            assertion_key=tx.assertion_key,
            node_id=tx.node_id,
            name=tx.name,
            p2p_address=tx.p2p_address,
        )
    )
    return (
        CooperativeUpdated(
            cooperative=cooperative.id,
            did=tx.did,
            name=tx.name,
            assertion_key=tx.assertion_key,
            node_id=tx.node_id,
            p2p_address=tx.p2p_address,
        ),
    )


def require_root(view: FederalView, sender: Sender) -> Cooperative:
    """The member cooperative whose root account signed.

    Raises:
        TxRefusedError: NOT_ROOT, COOPERATIVE_LEFT; in this order.
    """
    account = sender.record
    if account.role is not Role.ROOT:
        raise TxRefusedError(RefusalCode.NOT_ROOT)
    return require_member(view.require_cooperative(account.cooperative))


def require_member(cooperative: Cooperative) -> Cooperative:
    """Pass on a cooperative that is a member.

    Raises:
        TxRefusedError: COOPERATIVE_LEFT.
    """
    if not cooperative.is_member:
        raise TxRefusedError(RefusalCode.COOPERATIVE_LEFT)
    return cooperative


def count_members(view: FederalView) -> int:
    """How many cooperatives are members now."""
    return sum(1 for cooperative in view.scan_cooperatives() if cooperative.is_member)


def is_node_admitted(view: FederalView, node_id: bytes, *, time_ms: int) -> bool:
    """Check if an engine may connect at a time: a member's, a guest's, or one about to go."""
    node = view.get_node(node_id)
    return node is not None and (node.until_ms == 0 or time_ms < node.until_ms)


def _check_identity(
    view: FederalView, cooperative: bytes, *, did: str, assertion_key: bytes
) -> None:
    for other in view.scan_cooperatives():
        if other.id != cooperative and (other.did == did or other.assertion_key == assertion_key):
            raise TxRefusedError(RefusalCode.IDENTITY_TAKEN)


def _check_node(view: FederalView, cooperative: bytes, node_id: bytes) -> None:
    node = view.get_node(node_id)
    if node is not None and node.until_ms == 0 and node.cooperative != cooperative:
        raise TxRefusedError(RefusalCode.NODE_TAKEN)


def _let_node_go(view: FederalView, cooperative: Cooperative, *, block: BlockContext) -> None:
    scale = view.get_parameters().time_scale
    until_ms = block.time_ms + compute_window_ms(PARTING_WINDOW_S, time_scale=scale)
    view.put_node(cooperative.node_id, Node(cooperative=cooperative.id, until_ms=until_ms))


def _rename(view: KeyView, root: bytes, did: str, *, block: BlockContext) -> None:
    """Let the root's DID document say another did:web: a version of it is over."""
    account = require_account(view, root)
    keep_keys(view, root, account, block=block)
    view.put_account(
        root,
        replace(
            account,
            keys_version=account.keys_version + 1,
            keys_since_ms=block.time_ms,
            also_known_as=did,
        ),
    )


def _put_offices(view: StateView, new: NewCooperative, *, block: BlockContext) -> bytes:
    root = Account(
        cooperative=new.id,
        role=Role.ROOT,
        keys=(AccountKey(public_key=new.inception.public_key),),
        next_key_commitment=new.inception.next_key_commitment,
        guardians_commitment=new.inception.guardians_commitment,
        joined_height=block.height,
        keys_since_ms=block.time_ms,
        created_ms=block.time_ms,
        also_known_as=new.did,
    )
    registrar = replace(
        root,
        role=Role.REGISTRAR,
        keys=(AccountKey(public_key=new.registrar_key),),
        # The root key replaces a registrar, so the office commits to no successor.
        next_key_commitment=_NO_COMMITMENT,
        guardians_commitment=_NO_COMMITMENT,
        also_known_as="",
    )
    view.put_new_account(new.id, root)
    registrar_id = compute_office_account_id(cooperative=new.id, role=Role.REGISTRAR)
    view.put_new_account(registrar_id, registrar)
    return registrar_id
