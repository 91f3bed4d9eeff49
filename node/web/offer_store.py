"""Offers of credentials that wait for a wallet, in private.db.

Codes are kept as hashes; each can be taken up once, within minutes, and a few wrong
transaction codes end it.
"""

import sqlite3
from dataclasses import dataclass

from config.errors import UnavailableError
from config.limits import CREDENTIAL_OFFERS_MAX, LOGIN_TRIES_MAX
from node.web.database import transaction
from node.web.login_records import hash_secret

OFFERS_SCHEMA = """
CREATE TABLE credential_offers (
    id BLOB PRIMARY KEY,
    holder BLOB NOT NULL REFERENCES holders (id) ON DELETE CASCADE,
    proof BLOB,
    tx_code BLOB NOT NULL,
    expires_at_s INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0
) STRICT;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOffer:
    """An offer that was taken up."""

    holder: bytes
    proof: bytes | None
    """To what key of the holder it goes back (`node.web.login_proofs`)."""


class OfferStore:
    """The table of offers."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def put(
        self,
        code: str,
        *,
        tx_code: str,
        holder: bytes,
        proof: bytes | None,
        now_s: int,
        until_s: int,
    ) -> None:
        """Keep an offer; an earlier one of the same holder ends.

        Raises:
            UnavailableError: Too many wait.
        """
        with transaction(self.connection):
            self.connection.execute(
                "DELETE FROM credential_offers WHERE expires_at_s <= ? OR holder = ?",
                (now_s, holder),
            )
            count = self.connection.execute("SELECT COUNT(*) FROM credential_offers").fetchone()[0]
            if count >= CREDENTIAL_OFFERS_MAX:
                raise UnavailableError("too many offers wait: try again in a few minutes")
            self.connection.execute(
                "INSERT INTO credential_offers VALUES (?, ?, ?, ?, ?, 0)",
                (hash_secret(code), holder, proof, hash_secret(code + tx_code), until_s),
            )

    def is_open(self, code: str, *, now_s: int) -> bool:
        """Whether an offer can still be taken up."""
        row = self.connection.execute(
            "SELECT 1 FROM credential_offers WHERE id = ? AND expires_at_s > ?",
            (hash_secret(code), now_s),
        ).fetchone()
        return row is not None

    def take(self, code: str, *, tx_code: str, now_s: int) -> TakenOffer | None:
        """Take an offer up; None if it is over or the transaction code wrong."""
        with transaction(self.connection):
            row = self.connection.execute(
                "SELECT * FROM credential_offers WHERE id = ? AND expires_at_s > ?",
                (hash_secret(code), now_s),
            ).fetchone()
            if row is None:
                return None
            is_right = bytes(row["tx_code"]) == hash_secret(code + tx_code)
            if is_right or row["tries"] + 1 >= LOGIN_TRIES_MAX:
                self.connection.execute("DELETE FROM credential_offers WHERE id = ?", (row["id"],))
            else:
                self.connection.execute(
                    "UPDATE credential_offers SET tries = tries + 1 WHERE id = ?", (row["id"],)
                )
        return TakenOffer(holder=bytes(row["holder"]), proof=row["proof"]) if is_right else None
