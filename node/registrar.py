"""The registrar's office: who applied, and putting them on the roll.

Runs in the operator's command, beside a running node: the registrar's key is in no process
that talks to others. Admitting twice is harmless, so that a command that was interrupted is
simply run again. Never sends a name to the ledger.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import ADMISSIONS_PER_TX_MAX
from config.settings import Settings
from did.applications import Application, check_application
from governance.records import Role
from governance.refusals import RefusalCode
from governance.state_keys import Collection, state_key
from governance.transactions import AdmitMembers
from node.home import Home
from node.keystore import REGISTER_KEY_NAME, load_secret
from node.offices import open_sender
from node.own_cooperative import load_own_cooperative
from node.sending import Sender, read_state
from node.web.private import ApplicationStatus, PrivateStore, StoredApplication

_TRIES_MAX = 3
"""Of one batch; another command may admit the same people meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """An application as the registrar reads it."""

    application_id: bytes
    status: ApplicationStatus
    received_at_ms: int
    application: Application


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """An applicant who is on the roll now."""

    application_id: bytes
    account: bytes
    height: int | None
    """Block of the admission; none if the account was on the ledger before."""


def list_applicants(
    home: Home, settings: Settings, *, status: ApplicationStatus = ApplicationStatus.PENDING
) -> list[Applicant]:
    """List who applied, oldest first.

    Raises:
        MisconfiguredError: The register or a key of the home cannot be used.
    """
    cooperative = load_own_cooperative(home, settings).id
    with open_register(home) as store:
        found = store.list_applications(status)
    return [_read(item, cooperative=cooperative) for item in found]


def list_pending_ids(home: Home) -> list[bytes]:
    """Ids of the applications that wait, oldest first.

    Raises:
        MisconfiguredError: The register or its key cannot be used.
    """
    with open_register(home) as store:
        return [item.application_id for item in store.list_applications(ApplicationStatus.PENDING)]


def refuse_applicant(home: Home, application_id: bytes) -> None:
    """Record that the registrar does not admit somebody; the applicant can ask the node.

    Raises:
        RefusedError: There is no such application, or it was admitted.
    """
    with open_register(home) as store, store.write():
        found = store.get_application(application_id)
        if found is not None and found.status is ApplicationStatus.ADMITTED:
            raise RefusedError("this applicant is a member already: nothing was changed")
        store.set_application_status(application_id, ApplicationStatus.REFUSED)


async def admit_members(
    home: Home,
    settings: Settings,
    application_ids: Sequence[bytes] | None,
    *,
    now_ms: Callable[[], int],
) -> list[Admission]:
    """Put applicants on the roll and wait until a block says so.

    Cancelling leaves applications pending that may have been admitted; the next call finds
    their accounts on the ledger and marks them.

    Args:
        home: Of a running node.
        settings: Of that home.
        application_ids: Whom to admit; None for everybody who waits.
        now_ms: Wall clock.

    Raises:
        RefusedError: An application is unknown or does not hold, or the ledger refuses.
        UnavailableError: The node does not run, or no block came in time.
        MisconfiguredError: The register or a key of the home cannot be used.
    """
    cooperative = load_own_cooperative(home, settings).id
    with open_register(home) as store:
        applicants = [
            _read(item, cooperative=cooperative) for item in _select(store, application_ids)
        ]
        if not applicants:
            return []
        async with open_sender(home, settings, role=Role.REGISTRAR, now_ms=now_ms) as sender:
            office = _Office(sender, cooperative=cooperative)
            admissions: list[Admission] = []
            for start in range(0, len(applicants), ADMISSIONS_PER_TX_MAX):
                batch = applicants[start : start + ADMISSIONS_PER_TX_MAX]
                heights = await office.admit([item.application for item in batch])
                with store.write():
                    for item in batch:
                        store.set_application_status(
                            item.application_id, ApplicationStatus.ADMITTED
                        )
                admissions += [_to_admission(item, heights) for item in batch]
    return admissions


@contextmanager
def open_register(home: Home) -> Iterator[PrivateStore]:
    """Open private.db with the register's key, beside the running node.

    Raises:
        MisconfiguredError: The file or the key cannot be used.
    """
    key = load_secret(home.keys, REGISTER_KEY_NAME)
    store = PrivateStore.open(home.private_path, key=key, random=secrets.token_bytes)
    try:
        yield store
    finally:
        store.close()


class _Office:
    """The registrar at a running engine."""

    def __init__(self, sender: Sender, *, cooperative: bytes) -> None:
        self._engine = sender.engine
        self._sender = sender
        self._cooperative = cooperative

    async def admit(self, applications: Sequence[Application]) -> dict[bytes, int]:
        """Admit all that have no account yet; height of the admission by account."""
        # One person may have applied twice with the same wallet.
        waiting = {item.account_id: item for item in applications}
        for _ in range(_TRIES_MAX):
            missing = [
                item for account, item in waiting.items() if not await self._is_known(account)
            ]
            if not missing:
                return {}
            try:
                result = await self._sender.send(
                    AdmitMembers(
                        cooperative=self._cooperative,
                        inceptions=tuple(item.inception for item in missing),
                    )
                )
            except RefusedError as error:
                # An earlier, interrupted command's transaction came into a block first.
                if error.code != RefusalCode.ACCOUNT_EXISTS:
                    raise
                continue
            return {item.account_id: result.height for item in missing}
        raise UnavailableError("somebody else is admitting the same people: try again in a while")

    async def _is_known(self, account: bytes) -> bool:
        key = state_key(self._cooperative, Collection.ACCOUNT, account)
        return bool(await read_state(self._engine, key))


def _select(
    store: PrivateStore, application_ids: Sequence[bytes] | None
) -> list[StoredApplication]:
    if application_ids is None:
        return store.list_applications(ApplicationStatus.PENDING)
    selected = []
    for application_id in dict.fromkeys(application_ids):
        found = store.get_application(application_id)
        if found is None:
            raise RefusedError(
                f"there is no application {application_id.hex()}: see `rochdale member list`"
            )
        selected.append(found)
    return selected


def _read(stored: StoredApplication, *, cooperative: bytes) -> Applicant:
    """Check an application again, as of its arrival: the file may have been changed since."""
    try:
        application = check_application(
            stored.jws, cooperative_id=cooperative, now_s=stored.received_at_ms // 1_000
        )
    except RefusedError as error:
        raise RefusedError(
            f"application {stored.application_id.hex()} does not hold ({error.reason}): "
            "remove it with `rochdale member refuse`",
            code=error.code,
        ) from error
    if application.account_id != stored.account:
        raise MisconfiguredError(
            "the members' register was changed: put web/private.db back from your backup"
        )
    return Applicant(
        application_id=stored.application_id,
        status=stored.status,
        received_at_ms=stored.received_at_ms,
        application=application,
    )


def _to_admission(applicant: Applicant, heights: dict[bytes, int]) -> Admission:
    account = applicant.application.account_id
    return Admission(
        application_id=applicant.application_id, account=account, height=heights.get(account)
    )
