"""People with an account at this cooperative, members or not: what login needs of them.

Each has a random id, a key of their own that is wrapped by the register's key, and under it
the DIDs they log in with and their ledger account. DIDs are found by a keyed hash. Neither
name nor contact is here: they lie in `node.web.names`, and nothing in this table leads there.
Erasing the wrapped key erases the person, in every copy that lacks it.
"""

import hmac
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import DID_CHARACTERS_MAX, HOLDER_DIDS_MAX, HOLDERS_MAX
from did.jcs import canonicalize, parse_json_object
from did.sealing import KEY_BYTES, SealError, derive_key, seal, unseal
from node.web.database import transaction

HOLDERS_SCHEMA = """
CREATE TABLE holders (
    id BLOB PRIMARY KEY,
    wrapped_key BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE holder_dids (
    lookup BLOB PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX holder_dids_by_holder ON holder_dids (holder);
"""
HOLDER_ID_BYTES = 16
_PLACE = b"rochdale/holder/v1/"

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A person with an account here."""

    id: bytes
    """The cooperative's own name for them; 16 random bytes."""
    dids: tuple[str, ...]
    """By which they may log in, the present one first."""
    account: bytes | None = None
    """Their ledger account, 32 bytes; None while they are no member."""
    name_box: bytes = field(default=b"", repr=False)
    """What the register knows of their name, sealed to their own key; empty if that cannot be."""

    @property
    def did(self) -> str:
        """The DID that they log in with."""
        return self.dids[0]


class HolderStore:
    """The holders' tables of private.db."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        key: bytes,
        random: Random,
        now_ms: Callable[[], int],
    ) -> None:
        self.connection = connection
        self._keys = _Keys(key)
        self._random = random
        self._now_ms = now_ms

    def find_by_did(self, did: str) -> Holder | None:
        """Whoever logs in by a DID now; None for everybody else.

        Raises:
            MisconfiguredError: The register's key is not the one it was written with.
        """
        now_ms = self._now_ms()
        row = self.connection.execute(
            "SELECT holder FROM holder_dids WHERE lookup = ? AND from_ms <= ?"
            " AND (until_ms IS NULL OR until_ms > ?)",
            (self._keys.compute_lookup(did), now_ms, now_ms),
        ).fetchone()
        return None if row is None else self.get(bytes(row["holder"]))

    def get(self, holder_id: bytes) -> Holder | None:
        """The holder of an id; None once they are erased.

        Raises:
            MisconfiguredError: The register's key is not the one it was written with.
        """
        row = self.connection.execute("SELECT * FROM holders WHERE id = ?", (holder_id,)).fetchone()
        if row is None:
            return None
        key = self._unwrap(row)
        return _parse_holder(holder_id, _open(bytes(row["sealed"]), key, holder_id, "holder"))

    def list_ids(self) -> list[bytes]:
        """Ids of all holders, in the order of their random bytes."""
        return [bytes(row["id"]) for row in self.connection.execute("SELECT id FROM holders")]

    def create(self, did: str, *, account: bytes | None = None) -> Holder:
        """Open an account for whoever proved to hold a DID; theirs again if they have one.

        Raises:
            RefusedError: The DID is too long, or waits to become somebody's.
            UnavailableError: The register is full.
        """
        with transaction(self.connection):
            found = self.find_by_did(did)
            if found is not None:
                return found
            count = self.connection.execute("SELECT COUNT(*) FROM holders").fetchone()[0]
            if count >= HOLDERS_MAX:
                raise UnavailableError("the register is full: tell the cooperative")
            holder = Holder(id=self._random(HOLDER_ID_BYTES), dids=(did,), account=account)
            key = self._random(KEY_BYTES)
            self.connection.execute(
                "INSERT INTO holders VALUES (?, ?, ?)",
                (holder.id, self._wrap(key, holder.id), self._seal_holder(holder, key)),
            )
            self._put_did(holder.id, did, from_ms=0)
        return holder

    def set_account(self, holder_id: bytes, account: bytes, *, did: str) -> None:
        """Note a person's ledger account; they may log in by its DID, whatever its keys become.

        Raises:
            RefusedError: The account's DID is somebody else's login.
        """
        with transaction(self.connection):
            self._change(holder_id, lambda holder: replace(holder, account=account))
            if self.find_by_did(did) is None:
                self._put_did(holder_id, did, from_ms=0)

    def set_name_box(self, holder_id: bytes, box: bytes) -> None:
        """Keep what only the person can open."""
        self._change(holder_id, lambda holder: replace(holder, name_box=box))

    def bind_did(self, holder_id: bytes, did: str, *, from_ms: int) -> None:
        """Let a person log in by another DID from a moment on, and by no other then.

        Raises:
            RefusedError: The DID is somebody's, or there are too many.
        """

        def change(holder: Holder) -> Holder:
            if len(holder.dids) >= HOLDER_DIDS_MAX:
                raise RefusedError(f"a person may have had {HOLDER_DIDS_MAX} DIDs, and no more")
            return replace(holder, dids=(did, *holder.dids))

        with transaction(self.connection):
            self._change(holder_id, change)
            self.connection.execute(
                "UPDATE holder_dids SET until_ms = ? WHERE holder = ? AND until_ms IS NULL",
                (from_ms, holder_id),
            )
            self._put_did(holder_id, did, from_ms=from_ms)

    def cancel_binding(self, holder_id: bytes) -> bool:
        """Undo a change of DID that has not begun; whether there was one."""
        now_ms = self._now_ms()
        with transaction(self.connection):
            dropped = self.connection.execute(
                "DELETE FROM holder_dids WHERE holder = ? AND from_ms > ?", (holder_id, now_ms)
            ).rowcount
            if not dropped:
                return False
            self.connection.execute(
                "UPDATE holder_dids SET until_ms = NULL WHERE holder = ? AND until_ms > ?",
                (holder_id, now_ms),
            )
            self._change(holder_id, lambda holder: replace(holder, dids=holder.dids[1:]))
        return True

    def seal_for(self, holder_id: bytes, data: bytes, *, purpose: str) -> bytes:
        """Seal something about a person under their own key, for one purpose.

        Raises:
            RefusedError: There is no such person.
        """
        key = self._get_key(holder_id)
        return seal(data, key=key, place=_place(holder_id, purpose), random=self._random)

    def open_for(self, holder_id: bytes, sealed: bytes, *, purpose: str) -> bytes:
        """Open what `seal_for` sealed.

        Raises:
            RefusedError: There is no such person any more.
            MisconfiguredError: It was changed, or is another's.
        """
        return _open(sealed, self._get_key(holder_id), holder_id, purpose)

    def derive_for(self, holder_id: bytes, *, purpose: str) -> bytes:
        """32 bytes that follow from a person's own key, for one purpose.

        Raises:
            RefusedError: There is no such person.
        """
        return derive_key(self._get_key(holder_id), purpose=purpose)

    def delete(self, holder_id: bytes) -> None:
        """Destroy a person's key, and with it all that is sealed under it."""
        self.connection.execute("DELETE FROM holders WHERE id = ?", (holder_id,))

    def rewrap(self, key: bytes) -> None:
        """Take another register key: every key is wrapped anew, every DID hashed anew.

        The caller holds the transaction, and keeps the old key until it is committed.
        """
        old, new = self._keys, _Keys(key)
        for holder_id in self.list_ids():
            holder = self.get(holder_id)
            own_key = self._get_key(holder_id)
            if holder is None:  # pragma: no cover - listed within the same transaction
                continue
            self._keys = new
            wrapped = self._wrap(own_key, holder_id)
            self._keys = old
            self.connection.execute(
                "UPDATE holders SET wrapped_key = ? WHERE id = ?", (wrapped, holder_id)
            )
            for did in holder.dids:
                self.connection.execute(
                    "UPDATE holder_dids SET lookup = ? WHERE lookup = ?",
                    (new.compute_lookup(did), old.compute_lookup(did)),
                )
        self._keys = new

    def _change(self, holder_id: bytes, change: Callable[[Holder], Holder]) -> None:
        with transaction(self.connection):
            holder = self.get(holder_id)
            if holder is None:
                raise _unknown()
            sealed = self._seal_holder(change(holder), self._get_key(holder_id))
            self.connection.execute(
                "UPDATE holders SET sealed = ? WHERE id = ?", (sealed, holder_id)
            )

    def _put_did(self, holder_id: bytes, did: str, *, from_ms: int) -> None:
        if len(did) > DID_CHARACTERS_MAX:
            raise RefusedError(f"a DID has at most {DID_CHARACTERS_MAX} characters")
        try:
            self.connection.execute(
                "INSERT INTO holder_dids VALUES (?, ?, ?, NULL)",
                (self._keys.compute_lookup(did), holder_id, from_ms),
            )
        except sqlite3.IntegrityError as error:
            raise RefusedError("this DID cannot be taken: make another one") from error

    def _get_key(self, holder_id: bytes) -> bytes:
        row = self.connection.execute("SELECT * FROM holders WHERE id = ?", (holder_id,)).fetchone()
        if row is None:
            raise _unknown()
        return self._unwrap(row)

    def _wrap(self, key: bytes, holder_id: bytes) -> bytes:
        place = _place(holder_id, "key")
        return seal(key, key=self._keys.wrapping, place=place, random=self._random)

    def _unwrap(self, row: sqlite3.Row) -> bytes:
        return _open(bytes(row["wrapped_key"]), self._keys.wrapping, bytes(row["id"]), "key")

    def _seal_holder(self, holder: Holder, key: bytes) -> bytes:
        fields = {
            "dids": list(holder.dids),
            "account": "" if holder.account is None else holder.account.hex(),
            "name_box": holder.name_box.hex(),
        }
        place = _place(holder.id, "holder")
        return seal(canonicalize(fields), key=key, place=place, random=self._random)


class _Keys:
    """What follows from the register's key."""

    def __init__(self, key: bytes) -> None:
        self.wrapping = derive_key(key, purpose="register-wrapping/v1")
        self._lookup = derive_key(key, purpose="register-lookup/v1")

    def compute_lookup(self, did: str) -> bytes:
        return hmac.digest(self._lookup, did.encode(), "sha256")


def _parse_holder(holder_id: bytes, data: bytes) -> Holder:
    fields = parse_json_object(data)
    return Holder(
        id=holder_id,
        dids=tuple(fields["dids"]),
        account=bytes.fromhex(fields["account"]) or None,
        name_box=bytes.fromhex(fields["name_box"]),
    )


def _open(sealed: bytes, key: bytes, holder_id: bytes, purpose: str) -> bytes:
    try:
        return unseal(sealed, key=key, place=_place(holder_id, purpose))
    except SealError as error:
        raise MisconfiguredError(
            "the members' register cannot be opened: put keys/register.key and"
            " web/private.db back from the same backup"
        ) from error


def _place(holder_id: bytes, purpose: str) -> bytes:
    return _PLACE + purpose.encode() + b"/" + holder_id


def _unknown() -> RefusedError:
    return RefusedError("there is no such person in the register")
