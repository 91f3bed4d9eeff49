"""The registrar's office: who applied, and putting them on the roll.

Runs in the operator's command, beside a running node: the registrar's key is in no process
that talks to others. Admitting twice is harmless, so that a command that was interrupted is
simply run again. Never sends a name to the ledger.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import ADMISSIONS_PER_TX_MAX
from config.settings import Settings
from did.accounts import render_account_did
from did.applications import Application, check_application
from did.sealing import compute_box_key, find_box_secret
from governance.records import Role, compute_office_account_id
from governance.refusals import RefusalCode
from governance.roll_transactions import compute_admission_id
from governance.state_keys import Collection, state_key
from governance.transactions import AdmitMembers
from node.home import Home
from node.keystore import REGISTER_KEY_NAME, load_key, load_secret
from node.landings import read_landing
from node.offices import open_sender
from node.own_cooperative import load_own_cooperative
from node.sending import Sender, read_state
from node.web.applications import ApplicationStatus, StoredApplication
from node.web.erasure import ErasureList, replay_erasures
from node.web.names import Person, compute_day
from node.web.private import PrivateStore
from node.web.register_log import LogEvent

_TRIES_MAX = 3
"""Of one batch; another command may admit the same people meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """An application as the registrar reads it."""

    application_id: bytes
    holder_id: bytes
    account: bytes
    """The ledger account that it asks for; 32 bytes."""
    status: ApplicationStatus
    received_at_ms: int
    application: Application | None
    """What it says; None once it is decided, when name and contact have left this place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """An applicant who is on the roll now, or comes onto it with a batch."""

    application_id: bytes
    account: bytes
    height: int | None
    """Block of the admission; none if the account was on the ledger before."""
    lands_at_ms: int | None = None
    """When it goes onto the roll at the earliest; none if it is there."""
    is_to_be_attested: bool = False
    """Whether an auditor must attest the admission before that."""


def list_applicants(
    home: Home, settings: Settings, *, status: ApplicationStatus = ApplicationStatus.PENDING
) -> list[Applicant]:
    """List who applied, oldest first.

    Raises:
        MisconfiguredError: The register or a key of the home cannot be used.
    """
    cooperative = load_own_cooperative(home, settings).id
    with open_register(home) as store:
        found = store.applications.list_by_status(status)
    return [_read(item, cooperative=cooperative) for item in found]


def list_pending_ids(home: Home) -> list[bytes]:
    """Ids of the applications that wait, oldest first.

    Raises:
        MisconfiguredError: The register or its key cannot be used.
    """
    with open_register(home) as store:
        pending = store.applications.list_by_status(ApplicationStatus.PENDING)
    return [item.application_id for item in pending]


def refuse_applicant(home: Home, application_id: bytes) -> None:
    """Record that the registrar does not admit somebody; the applicant can ask the node.

    Raises:
        RefusedError: There is no such application, or it was admitted.
    """
    with open_register(home) as store, store.write():
        found = store.applications.get(application_id)
        if found is not None and found.status is ApplicationStatus.ADMITTED:
            raise RefusedError("this applicant is a member already: nothing was changed")
        store.applications.decide(application_id, ApplicationStatus.REFUSED)


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
        admissions = [
            Admission(application_id=item.application_id, account=item.account, height=None)
            for item in applicants
            if item.status is ApplicationStatus.ADMITTED
        ]
        waiting = _list_waiting(applicants)
        if not waiting:
            return admissions
        _ensure_registrars(home, store, now_ms=now_ms())
        async with open_sender(home, settings, role=Role.REGISTRAR, now_ms=now_ms) as sender:
            office = _Office(sender, cooperative=cooperative)
            for start in range(0, len(waiting), ADMISSIONS_PER_TX_MAX):
                batch = waiting[start : start + ADMISSIONS_PER_TX_MAX]
                heights = await office.admit([application for _, application in batch])
                _enter_all(store, batch, network=settings.network.network, now_ms=now_ms())
                admissions += [
                    _to_admission(applicant, heights, office.landings) for applicant, _ in batch
                ]
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
        replay_erasures(store, ErasureList(home.erasures_path), now_ms=time.time_ns() // 1_000_000)
        yield store
    finally:
        store.close()


def load_registrar_secret(home: Home) -> bytes:
    """The X25519 key of the home's own registrar, for a cooperative that has named no others.

    Raises:
        MisconfiguredError: The registrar's key cannot be used.
    """
    return find_box_secret(load_key(home.keys, "registrar"))


def _ensure_registrars(home: Home, store: PrivateStore, *, now_ms: int) -> None:
    """Until people are named, the home's registrar alone opens the register."""
    if store.names.list_registrars():
        return
    public_key = compute_box_key(load_registrar_secret(home))
    with store.write():
        store.names.set_registrars([public_key])
        store.log.add(
            LogEvent.REGISTRARS, at_ms=now_ms, detail=f"one alone: {public_key.hex()[:16]}"
        )


def _enter_all(
    store: PrivateStore,
    batch: Sequence[tuple[Applicant, Application]],
    *,
    network: str,
    now_ms: int,
) -> None:
    """Write all or none of those that one transaction admitted."""
    with store.write():
        for applicant, application in batch:
            did = render_account_did(network=network, account_id=applicant.account)
            _enter(store, applicant, application, did=did, now_ms=now_ms)


def _enter(
    store: PrivateStore,
    applicant: Applicant,
    application: Application,
    *,
    did: str,
    now_ms: int,
) -> None:
    """Part name and account: the one into the names book, the other to its holder."""
    person = Person(
        name=application.name,
        contact=application.contact,
        holder_id=applicant.holder_id,
        did=application.did,
        since_day=compute_day(now_ms),
        is_book=True,
    )
    store.holders.set_name_box(applicant.holder_id, store.names.put(person))
    store.holders.set_account(applicant.holder_id, applicant.account, did=did)
    store.applications.decide(applicant.application_id, ApplicationStatus.ADMITTED)


def _list_waiting(applicants: Sequence[Applicant]) -> list[tuple[Applicant, Application]]:
    refused = [item for item in applicants if item.status is ApplicationStatus.REFUSED]
    if refused:
        raise RefusedError(
            f"application {refused[0].application_id.hex()} was refused, and what it said is"
            " gone: let the person apply again"
        )
    return [(item, item.application) for item in applicants if item.application is not None]


class _Office:
    """The registrar at a running engine."""

    def __init__(self, sender: Sender, *, cooperative: bytes) -> None:
        self._engine = sender.engine
        self._sender = sender
        self._cooperative = cooperative
        self.landings: dict[bytes, tuple[int, bool]] = {}
        """By account, of those who wait: as `node.landings.read_landing`."""

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
            payload = AdmitMembers(
                cooperative=self._cooperative,
                inceptions=tuple(item.inception for item in missing),
            )
            try:
                result = await self._sender.send(payload)
            except RefusedError as error:
                # An earlier, interrupted command's transaction came into a block first.
                if error.code != RefusalCode.ACCOUNT_EXISTS:
                    raise
                continue
            await self._read_landing(payload)
            return {item.account_id: result.height for item in missing}
        raise UnavailableError("somebody else is admitting the same people: try again in a while")

    async def _read_landing(self, payload: AdmitMembers) -> None:
        admission = compute_admission_id(
            account=compute_office_account_id(cooperative=self._cooperative, role=Role.REGISTRAR),
            nonce=self._sender.nonce,
            payload=payload,
        )
        found = await read_landing(self._engine, cooperative=self._cooperative, admission=admission)
        if found is not None:
            for inception in payload.inceptions:
                self.landings[inception.compute_id()] = found

    async def _is_known(self, account: bytes) -> bool:
        key = state_key(self._cooperative, Collection.ACCOUNT, account)
        return bool(await read_state(self._engine, key))


def _select(
    store: PrivateStore, application_ids: Sequence[bytes] | None
) -> list[StoredApplication]:
    if application_ids is None:
        return store.applications.list_by_status(ApplicationStatus.PENDING)
    selected = []
    for application_id in dict.fromkeys(application_ids):
        found = store.applications.get(application_id)
        if found is None:
            raise RefusedError(
                f"there is no application {application_id.hex()}: see `rochdale member list`"
            )
        selected.append(found)
    return selected


def _read(stored: StoredApplication, *, cooperative: bytes) -> Applicant:
    """Check an application again, as of its arrival: the file may have been changed since."""
    if stored.status is not ApplicationStatus.PENDING:
        return _to_applicant(stored, None)
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
    return _to_applicant(stored, application)


def _to_applicant(stored: StoredApplication, application: Application | None) -> Applicant:
    return Applicant(
        application_id=stored.application_id,
        holder_id=stored.holder_id,
        account=stored.account,
        status=stored.status,
        received_at_ms=stored.received_at_ms,
        application=application,
    )


def _to_admission(
    applicant: Applicant, heights: dict[bytes, int], landings: dict[bytes, tuple[int, bool]]
) -> Admission:
    lands_at_ms, is_to_be_attested = landings.get(applicant.account, (None, False))
    return Admission(
        application_id=applicant.application_id,
        account=applicant.account,
        height=heights.get(applicant.account),
        lands_at_ms=lands_at_ms,
        is_to_be_attested=is_to_be_attested,
    )
