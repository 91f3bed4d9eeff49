"""This cooperative's own did:webvh: its did:web's document with a history that nobody rewrites.

For the operator's command, beside a running node. The key that may write the next entry is in
no process; its successor is on disk before the log names it, so that whatever is interrupted
can be run again.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.errors import MisconfiguredError, RefusedError
from config.settings import Settings
from did.jcs import JsonObject
from did.keys import SEED_BYTES, KeyPair
from did.resolution.results import ResolutionError
from did.resolution.webvh import Entry
from did.resolution.webvh_writing import (
    SCID_PLACEHOLDER,
    begin_log,
    extend_log,
    get_last_entry,
    get_log_did,
    is_committed,
)
from ledger.rpc import EngineClient
from node.chain import load_genesis
from node.home import Home
from node.keystore import begin_key, finish_key, load_key, write_secret
from node.web.clock import Clock
from node.web.own_document import OwnDocument, render_webvh_document
from node.web.registry import build_registry
from node.web.registry_reader import fetch_cooperatives

_KEY = "webvh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the log says now."""

    did: str
    version_id: str
    is_new: bool
    """Whether an entry was written; else nothing had changed."""


async def publish_log(
    home: Home, settings: Settings, *, clock: Clock, random: Callable[[int], bytes]
) -> Published:
    """Write what the cooperative's DID document says now into its log.

    Args:
        home: Of a running node.
        settings: Of that home.
        clock: Wall clock.
        random: Source of secret bytes, as `secrets.token_bytes`.

    Raises:
        RefusedError: The cooperative is not on a chain yet, or has another address now.
        MisconfiguredError: The log or its key is damaged or missing.
        UnavailableError: The engine does not answer.
    """
    own = await _read_own_document(home, settings)
    path = home.webvh_path
    data = path.read_bytes() if path.exists() else b""
    if not data:
        return _begin(home, own, clock=clock, random=random)
    last = _read_last(data, path, now_s=clock.now_s())
    did = str(last.state["id"])
    document = render_webvh_document(own, did=did)
    if did.rpartition(":")[2] != str(own["id"]).rpartition(":")[2]:
        raise RefusedError(
            f"the log is of {did}, which does not move: the cooperative has another address now."
            f" Keep serving the old one, and move {path} away to begin another DID"
        )
    if document == last.state:
        return Published(did=did, version_id=last.version_id, is_new=False)
    key = _load_key(home, last)
    successor = begin_key(home.keys, _KEY, random=random)
    data = extend_log(data, document, key=key, next_key=successor.public_key, now_s=clock.now_s())
    _write(path, data)
    finish_key(home.keys, _KEY)
    return _describe(data, now_s=clock.now_s())


def _begin(
    home: Home, own: JsonObject, *, clock: Clock, random: Callable[[int], bytes]
) -> Published:
    """The first entry's own key is used once and kept nowhere."""
    key_path = home.keys / f"{_KEY}.key"
    if not key_path.exists():
        write_secret(key_path, random(SEED_BYTES).hex() + "\n")
    host = str(own["id"]).removeprefix("did:web:")
    data = begin_log(
        render_webvh_document(own, did=f"did:webvh:{SCID_PLACEHOLDER}:{host}"),
        key=KeyPair(random(SEED_BYTES)),
        next_key=load_key(home.keys, _KEY).public_key,
        now_s=clock.now_s(),
    )
    _write(home.webvh_path, data)
    return _describe(data, now_s=clock.now_s())


async def _read_own_document(home: Home, settings: Settings) -> JsonObject:
    genesis = load_genesis(home)
    registry = build_registry(
        genesis,
        own_assertion_key=load_key(home.keys, "assertion").public_key,
        own_name=settings.node.name,
        own_origin=settings.node.origin,
    )
    async with EngineClient(home.rpc_socket) as engine:
        registry.update(await fetch_cooperatives(engine))
    http_key = load_key(home.keys, "http").public_key
    own = OwnDocument(
        registry, http_key, network=genesis.network, webvh_path=home.webvh_path
    ).render()
    if own is None:
        raise RefusedError("this cooperative is not on a chain yet: there is nothing to publish")
    return own


def _load_key(home: Home, last: Entry) -> KeyPair:
    """The key to which the last entry committed; finishes a change that was interrupted."""
    successor = home.keys / f"{_KEY}-new.key"
    if successor.exists() and is_committed(last, load_key(home.keys, f"{_KEY}-new").public_key):
        finish_key(home.keys, _KEY)
    key = load_key(home.keys, _KEY)
    if not is_committed(last, key.public_key):
        raise MisconfiguredError(
            f"{home.keys / _KEY}.key is not the key to which the log committed: put it and"
            f" {home.webvh_path} back from the same backup"
        )
    return key


def _read_last(data: bytes, path: Path, *, now_s: int) -> Entry:
    try:
        return get_last_entry(data, now_s=now_s)
    except ResolutionError as error:
        raise MisconfiguredError(
            f"{path} is damaged ({error.reason}): put it back from your backup"
        ) from error


def _describe(data: bytes, *, now_s: int) -> Published:
    entry = get_last_entry(data, now_s=now_s)
    return Published(did=get_log_did(data).text, version_id=entry.version_id, is_new=True)


def _write(path: Path, data: bytes) -> None:
    """All or nothing, on disk before this returns."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
