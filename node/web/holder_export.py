"""Everything that the cooperative keeps about a person, for that person to take away.

For members and for everybody else who has an account. The name is in a box that only the
person's own wallet opens, because the node cannot read it. Never holds another's data.
"""

import sqlite3
from typing import Any

import msgspec

from did.jcs import JsonObject
from did.times import render_time
from node.web.consent_store import render_entry
from node.web.holder_tables import EXPORT_ROWS_MAX, HOLDER_TABLES
from node.web.holders import Holder
from node.web.private import PrivateStore

EXPORT_FORMAT = "rochdale-holder-export/1"


class ExportedApplication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A membership application."""

    id: str
    status: str
    received_at: str
    account: str
    statement: str
    """As the wallet signed it; empty once it is decided."""


class ExportedNotice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who looked into the register."""

    number: int
    at: str
    what: str
    detail: str
    concerns_everybody: bool
    hash: str
    """Over this entry and the one before; in hex."""


class ExportedConsentEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the person's history of consent; with the salt, so that it can be checked."""

    number: int
    kind: str
    at_ms: int
    content: dict[str, Any]
    salt: str
    head: str


class ExportedRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody asked for of the person's, and what came of it so far."""

    did: str
    acts_for: str
    """Cooperative in which whoever asks holds a role; empty for none."""
    client_id: str
    asked: list[dict[str, Any]]
    """Resources, by the ids in table `uma_resources`, each with its purposes."""
    asked_at: str
    until: str
    is_refused: bool


class HolderExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person gets."""

    format: str
    made_at: str
    """RFC 3339, as all times here that are texts."""
    cooperative: str
    """DID of the cooperative."""
    holder: str
    """The cooperative's own name for the person; 32 hexadecimal digits."""
    dids: list[str]
    """DIDs they log in with, the present one first."""
    account: str
    """Ledger account in hex; empty for those who are no members."""
    name_box: str
    """Libsodium sealed box in hex, to the X25519 form of the person's did:key: entry, name and
    contact as JSON. Empty if nothing can be sealed to their DID: two registrars open it then."""
    applications: list[ExportedApplication]
    notices: list[ExportedNotice]
    consents: list[ExportedConsentEntry]
    requests: list[ExportedRequest]
    tables: dict[str, list[dict[str, int | str | None]]]
    """Rows of the node's other tables about the person, by table."""


def export_holder(
    store: PrivateStore, holder_id: bytes, *, cooperative_did: str, now_ms: int
) -> HolderExport | None:
    """Collect everything; None if there is no such person."""
    holder = store.holders.get(holder_id)
    if holder is None:
        return None
    return HolderExport(
        format=EXPORT_FORMAT,
        made_at=render_time(now_ms),
        cooperative=cooperative_did,
        holder=holder.id.hex(),
        dids=list(holder.dids),
        account="" if holder.account is None else holder.account.hex(),
        name_box=holder.name_box.hex(),
        applications=[
            ExportedApplication(
                id=item.application_id.hex(),
                status=item.status.value,
                received_at=render_time(item.received_at_ms),
                account=item.account.hex(),
                statement=item.jws,
            )
            for item in store.applications.list_of(holder_id)
        ],
        notices=list_notices(store, holder_id),
        consents=[
            ExportedConsentEntry(**render_entry(item))
            for item in store.consents.list_entries(holder_id)
        ],
        requests=_export_requests(store, holder_id),
        tables=_export_tables(store.connection, holder),
    )


def list_notices(store: PrivateStore, holder_id: bytes) -> list[ExportedNotice]:
    """What happened to a person's entries in the register, newest first."""
    return [
        ExportedNotice(
            number=item.seq,
            at=render_time(item.at_ms),
            what=item.what.value,
            detail=item.detail,
            concerns_everybody=item.holder_id is None,
            hash=item.hash.hex(),
        )
        for item in store.log.list_notices(holder_id)
    ]


def describe_notices(store: PrivateStore, holder_id: bytes) -> JsonObject:
    """A person's notices, newest first, and the number of the latest that they have seen."""
    notices = msgspec.to_builtins(list_notices(store, holder_id))
    return {"notices": notices, "seen": store.log.get_seen(holder_id)}


def make_export_schema() -> dict[str, Any]:
    """JSON Schema of an export (draft 2020-12)."""
    return msgspec.json.schema(HolderExport)


def _export_requests(store: PrivateStore, holder_id: bytes) -> list[ExportedRequest]:
    return [
        ExportedRequest(
            did=item.party.did,
            acts_for=item.party.acts_for,
            client_id=item.client_id,
            asked=[msgspec.to_builtins(asked) for asked in item.permissions],
            asked_at=render_time(item.created_at_s * 1_000),
            until=render_time(item.expires_at_s * 1_000),
            is_refused=item.is_refused,
        )
        for item in store.uma.list_kept_requests(holder_id, limit=EXPORT_ROWS_MAX)
        if item.party is not None
    ]


def _export_tables(
    connection: sqlite3.Connection, holder: Holder
) -> dict[str, list[dict[str, int | str | None]]]:
    tables = {}
    for table in HOLDER_TABLES:
        if table.exported:
            rows = connection.execute(
                f"SELECT {', '.join(table.exported)} FROM {table.name}"  # noqa: S608 - our names
                f" WHERE {table.column} = ? LIMIT {EXPORT_ROWS_MAX}",
                (holder.account if table.is_by_account else holder.id,),
            )
            tables[table.name] = [dict(row) for row in rows]
    return tables
