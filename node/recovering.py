"""Recovering a federation that has lost too many validators: what each remaining one does.

`read_agreed` and `fetch_state` ask the node, which stands still beside the command; with them
a recovery is drafted and checked before it is signed. `make_recovered` makes the home of the
chain that goes on, from the stopped node's state. The former home stays as it is, but its
validator signs nothing any more: the former chain must not come back beside the new one.
"""

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from config.errors import RefusedError
from config.settings import Settings
from did.accounts import compute_key_commitment
from did.keys import KeyPair
from governance.federal_view import FederalView
from governance.logs import COOPERATIVES, entry_key, frontier_key
from governance.merkle_log import Frontier
from governance.recovery import (
    Recovery,
    SignedRecovery,
    check_content,
    check_form,
    check_recovery,
    compute_next_chain_id,
    describe_validator,
)
from governance.state_keys import FEDERATION, Collection, state_key
from governance.upgrades import compute_rules_version
from governance.view import MemoryKeyValue
from ledger.application import check_app_hash
from ledger.beginning import check_former
from ledger.genesis import Genesis
from ledger.headers import parse_base64, parse_time_ns
from ledger.light_source import LightSource
from ledger.recovery import check_recovery_genesis
from ledger.rpc import EngineClient
from ledger.store import Store
from node.chain import adopt_genesis, load_genesis
from node.federation_office import fetch_federation
from node.founding import complete_settings, create_node
from node.home import Home
from node.keystore import finish_key, list_begun, load_begun, load_key
from node.moving import copy_belongings, copy_database, copying, read_old_settings
from node.preflight import check_not_running
from node.remote_signer import has_remote_signer
from node.sending import read_state
from node.settings import Setting
from node.signing_guard import load_guard, retire
from node.standstill import find_missing

_WHO_DRAFTS = "whoever has the highest block drafts, and the others let their nodes catch up first"
_ROOT_KEYS = ("cooperative", "cooperative-next")
_KEPT_FILES = ("founder_path", "request_path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """The last block that this node's chain agreed on."""

    height: int
    header_hash: bytes
    time_ms: int
    app_hash: bytes
    """Of the state that the block left."""


async def read_agreed(
    engine: EngineClient, genesis: Genesis, settings: Settings, *, now_s: float
) -> Agreed:
    """Read the last block of a chain that stands still; more than two thirds signed it.

    Raises:
        RefusedError: The chain goes on, or the block is not final.
        UnavailableError: The engine does not answer, or the ledger is behind it.
    """
    status = await engine.status()
    if await find_missing(engine, status, settings, now_s=now_s) is None:
        raise RefusedError(
            f"{genesis.chain_id} does not stand still as this node sees it: there is nothing to "
            "recover. See `rochdale status`"
        )
    block = await LightSource(engine, genesis.trust).fetch_block(status.height)
    info = (await engine.call("abci_info"))["response"]
    if int(info["last_block_height"]) != status.height:
        raise RefusedError("this node's ledger has not executed the last block: ask again")
    return Agreed(
        height=status.height,
        header_hash=block.header.compute_hash(),
        time_ms=parse_time_ns(status.time) // 1_000_000,
        app_hash=parse_base64(info["last_block_app_hash"]),
    )


async def fetch_state(engine: EngineClient) -> FederalView:
    """Fetch parameters, cooperatives and their root accounts.

    Raises:
        RefusedError: The ledger cannot answer.
        UnavailableError: The engine does not answer.
    """
    state = MemoryKeyValue()

    async def fetch(key: bytes) -> bytes:
        value = await read_state(engine, key)
        if value:
            state.put(key, value)
        return value

    await fetch(state_key(FEDERATION, Collection.PARAMETERS, b""))
    await fetch(state_key(FEDERATION, Collection.SEAL, b""))
    size = Frontier.decode(await read_state(engine, frontier_key(COOPERATIVES))).size
    for index in range(size):
        cooperative = await read_state(engine, entry_key(COOPERATIVES, index))
        await fetch(state_key(FEDERATION, Collection.COOPERATIVE, cooperative))
        await fetch(state_key(FEDERATION, Collection.ACCOUNT_HOME, cooperative))
        await fetch(state_key(cooperative, Collection.ACCOUNT, cooperative))
    return FederalView(state)


async def draft_recovery(
    engine: EngineClient,
    genesis: Genesis,
    agreed: Agreed,
    *,
    validators: Sequence[str],
    lost: Sequence[str],
    begins_ms: int,
) -> Recovery:
    """Write down what those who remain are to agree on.

    Args:
        engine: Of this node.
        genesis: Of the chain that stands still.
        agreed: Its last block.
        validators: Names of those who go on validating.
        lost: Names of those whose membership ends.
        begins_ms: When the new chain begins.

    Raises:
        RefusedError: A name fits nobody, one who cannot validate, or one who is lost and validates.
        UnavailableError: The engine does not answer.
    """
    federation, view = await fetch_federation(engine), await fetch_state(engine)
    described = []
    for cooperative in sorted(federation.find_cooperative(name).id for name in validators):
        found = describe_validator(view.get_cooperative(cooperative))
        if found is None:
            raise RefusedError(
                f"{cooperative.hex()[:16]} cannot validate: it is no member, has no validator, or "
                "is accused of signing twice"
            )
        described.append(found)
    recovery = Recovery(
        chain_id=compute_next_chain_id(genesis.chain_id),
        former_chain_id=genesis.chain_id,
        network=genesis.network,
        former_genesis_hash=genesis.genesis_hash,
        height=agreed.height,
        header_hash=agreed.header_hash,
        app_hash=agreed.app_hash,
        begins_ms=begins_ms,
        rules_version=compute_rules_version(view.get_parameters(), height=agreed.height + 1),
        validators=tuple(described),
        lost=tuple(sorted(federation.find_cooperative(name).id for name in lost)),
    )
    check_form(recovery)
    check_content(view, recovery)
    return recovery


def choose_root_key(view: FederalView, home: Home, cooperative: bytes) -> KeyPair:
    """The key in a home that speaks for its cooperative, in the state as it is.

    It is the next one if the chain stood still before a change of keys was finished here, or if
    it is the only one that is left.

    Raises:
        RefusedError: None is.
        MisconfiguredError: A key cannot be used.
    """
    account = view.get_account(cooperative)
    for name in _ROOT_KEYS:
        if account is None or not (home.keys / f"{name}.key").exists():
            continue
        key = load_key(home.keys, name)
        commitment = compute_key_commitment(key.public_key)
        known = {item.public_key for item in account.keys}
        if key.public_key in known or commitment == account.next_key_commitment:
            return key
    raise RefusedError(
        f"no key in {home.keys} is the cooperative's, as the ledger has it: bring back the one "
        "that is kept apart, and sign with `--key` and `--cooperative`"
    )


def check_agreed(recovery: Recovery, agreed: Agreed, genesis: Genesis) -> None:
    """Check that a recovery goes on from this node's own last block and state.

    Raises:
        RefusedError: It does not; says where they differ.
    """
    for is_wrong, what in (
        (
            (recovery.former_chain_id, recovery.former_genesis_hash, recovery.network)
            != (genesis.chain_id, genesis.genesis_hash, genesis.network),
            f"it is about another chain than {genesis.chain_id}",
        ),
        (
            recovery.height != agreed.height,
            f"it goes on from block {recovery.height}, and this node's last is {agreed.height}; "
            + _WHO_DRAFTS,
        ),
        (recovery.header_hash != agreed.header_hash, "its last block is another than this node's"),
        (recovery.app_hash != agreed.app_hash, "its state is another than this node's"),
        (recovery.begins_ms <= agreed.time_ms, "it begins before the last block"),
    ):
        if is_wrong:
            raise RefusedError(f"not signed: {what}")


async def check_enough(
    engine: EngineClient, former: Genesis, signed: SignedRecovery
) -> FederalView:
    """Check by a node's state that enough of its members have signed; that state.

    Raises:
        RefusedError: They have not, or it is another chain's recovery.
        UnavailableError: The engine does not answer.
    """
    _check_chain(signed.recovery, former)
    state = await fetch_state(engine)
    check_recovery(state, signed)
    return state


def make_recovered(
    root: Path, genesis: bytes, *, old: Home, values: Mapping[str, Setting]
) -> tuple[Home, Genesis]:
    """Make the home that goes on: the stopped node's state, keys, register and read model.

    Args:
        root: Where.
        genesis: The recovery's genesis file.
        old: The home whose chain stands still; its node is stopped.
        values: Settings that differ from that home's.

    Raises:
        RefusedError: The file was changed, lacks signatures, or is not about this state; or the
            old home goes on in another one already.
        MisconfiguredError: The old home cannot be used, or the new place is taken.
        UnavailableError: The old node runs.
        InvariantError: The old home's state is damaged.
    """
    check_not_running(old)
    _check_goes_on_once(old)
    recovery = _check_home(genesis, old)
    names = {
        "network.chain_id": recovery.chain_id,
        "network.network": recovery.network,
    }
    settings = complete_settings({**read_old_settings(old), **values, **names})
    home = create_node(root, settings)
    with copying(old, home):
        copy_belongings(
            old, home, except_keys=("consensus",) if has_remote_signer(settings) else ()
        )
        shutil.rmtree(home.ledger)
        shutil.copytree(old.ledger, home.ledger)
        for name in _KEPT_FILES:
            if getattr(old, name).exists():
                shutil.copy2(getattr(old, name), getattr(home, name))
        _take_up_validator_key(home, recovery)
        adopted = adopt_genesis(home, settings, genesis)
        _copy_read_model(old, home, genesis_hash=adopted.genesis_hash)
    retire(old, chain_id=recovery.chain_id, successor=home)
    return home, adopted


def _check_goes_on_once(old: Home) -> None:
    """Two homes with one validator's key would sign twice."""
    successor = load_guard(old).successor
    if successor and Home(Path(successor)).settings_path.exists():
        raise RefusedError(
            f"{old.root} goes on in {successor} already, and a second home would sign with the "
            f"same key: run `rochdale start --home {successor}`, or remove that home first if it "
            "never ran"
        )


def _check_home(genesis: bytes, old: Home) -> Recovery:
    signed = check_recovery_genesis(genesis)
    _check_chain(signed.recovery, load_genesis(old))
    with closing(Store.open(old.ledger)) as store:
        check_app_hash(store)
        check_former(store.record, signed)
        check_recovery(FederalView(store), signed)
    return signed.recovery


def _check_chain(recovery: Recovery, former: Genesis) -> None:
    if recovery.former_genesis_hash != former.genesis_hash:
        raise RefusedError(f"the recovery is about another chain than {former.chain_id}")


def _take_up_validator_key(home: Home, recovery: Recovery) -> None:
    """Finish a change of the validator's key that the former chain has decided.

    Otherwise this validator would not sign, and the new chain might wait for it.
    """
    if "consensus" not in list_begun(home.keys):
        return
    new = load_begun(home.keys, "consensus").public_key
    if any(item.consensus_key == new for item in recovery.validators):
        finish_key(home.keys, "consensus")


def _copy_read_model(old: Home, home: Home, *, genesis_hash: bytes) -> None:
    """Pages go on from the former chain's: the new one's blocks do not tell what was before."""
    copy_database(old.projection_path, home.projection_path)
    if home.projection_path.exists():
        with closing(sqlite3.connect(home.projection_path)) as model, model:
            model.execute("UPDATE chain SET genesis_hash = ?", (genesis_hash,))
