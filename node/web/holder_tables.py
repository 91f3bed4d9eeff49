"""Which tables of private.db hold something about a person, beside the register's own.

One list, so that export and erasure never forget one: whoever adds a table with a holder's
id adds its row here, and a test looks for those who did not.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderTable:
    """A table with rows of people."""

    name: str
    column: str = "holder"
    """Where the holder's id stands, or the account's."""
    is_by_account: bool = False
    """Rows name the ledger account, and stay without it once the person is erased."""
    exported: tuple[str, ...] = ()
    """Columns that a person gets with their export: no secrets, no hashes of secrets."""


HOLDER_TABLES = (
    HolderTable(name="login_requests"),
    HolderTable(name="login_keys", exported=("thumbprint", "created_at_s")),
    HolderTable(name="passkeys", exported=("label", "created_at_s", "used_at_s")),
    HolderTable(name="credential_offers", exported=("expires_at_s",)),
    HolderTable(
        name="login_grants",
        exported=(
            "client_id",
            "scope",
            "method",
            "created_at_s",
            "expires_at_s",
            "ended_at_s",
        ),
    ),
    HolderTable(
        name="issued_credentials",
        column="account",
        is_by_account=True,
        exported=("kind", "state", "issued_at_ms", "expires_at_ms"),
    ),
    HolderTable(name="login_events", exported=("at_s", "what", "client_id", "detail")),
    # What the entries say is sealed: node.web.holder_export opens it.
    HolderTable(name="consent_entries"),
    HolderTable(name="mandate_handles"),
    HolderTable(name="notices_seen", exported=("seq",)),
    # The paths lie sealed; a receipt has what they are for (node.web.consent_receipts).
    HolderTable(name="consent_paths", exported=("chain", "period")),
    HolderTable(name="uma_resources", exported=("id", "server", "kind", "scopes")),
    # Sealed likewise.
    HolderTable(name="uma_requests"),
    HolderTable(name="uma_tokens", exported=("client_id", "server", "expires_at_s")),
)
REGISTER_TABLES = frozenset({"holder_dids", "applications", "register_log"})
"""The register's own, which `node.web.erasure` and `node.web.holder_export` know."""
EXPORT_ROWS_MAX = 10_000
"""Of one table, in one export."""
