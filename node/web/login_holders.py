"""Who may log in, from the applications that the register holds.

A person whose application was not refused has an account here; the ledger account counts once
they are admitted.
"""

from dataclasses import dataclass

from config.limits import APPLICATION_BYTES_MAX
from did.applications import APPLICATION_TYPE
from did.jws import parse_jws
from node.web.private import ApplicationStatus, PrivateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationHolder:
    """A person who applied."""

    id: bytes
    did: str
    account: bytes | None


class ApplicationHolders:
    """Finds people among the applications."""

    def __init__(self, private: PrivateStore) -> None:
        self._private = private

    def find_by_did(self, did: str) -> ApplicationHolder | None:
        """Whoever applied with a DID."""
        return next((holder for holder in self._list() if holder.did == did), None)

    def get(self, holder_id: bytes) -> ApplicationHolder | None:
        """The person of an application."""
        return next((holder for holder in self._list() if holder.id == holder_id), None)

    def _list(self) -> list[ApplicationHolder]:
        return [
            ApplicationHolder(
                id=item.application_id,
                did=parse_jws(
                    item.jws, typ=APPLICATION_TYPE, bytes_max=APPLICATION_BYTES_MAX
                ).kid.partition("#")[0],
                account=item.account if status is ApplicationStatus.ADMITTED else None,
            )
            for status in (ApplicationStatus.ADMITTED, ApplicationStatus.PENDING)
            for item in self._private.list_applications(status)
        ]
