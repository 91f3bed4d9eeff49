"""The operator's desk for credentials: what `rochdale credential` does, beside a running node.

Issues with the home's assertion key, remembers in private.db, and checks files of anybody.
Whether somebody is a member or an officer, the ledger says; whose key a credential is bound
to, and what the ledger does not know, the operator has made sure of.
"""

import json
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from config.errors import MisconfiguredError, RefusedError
from config.settings import Settings
from did.credentials.kinds import CredentialKind, state_portability, state_role
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import KeyBinding
from did.credentials.structure import Credential
from did.credentials.vc_jwt import envelop
from did.credentials_v1 import is_of_model_v1
from did.jcs import JsonObject, parse_json_object
from did.verification_keys import VerificationKey, parse_multikey
from ledger.rpc import EngineClient
from node.credentials_v1 import check_text_v1
from node.home import Home
from node.keystore import REGISTER_KEY_NAME, load_key, load_secret
from node.ledger_statements import LEDGER_ROLES, LedgerStatements, Stated
from node.own_cooperative import load_own_cooperative
from node.web.clock import Clock
from node.web.credential_checks import CredentialChecks
from node.web.credential_office import CredentialFormat, CredentialOffice
from node.web.credential_store import CredentialState, CredentialStore, IssuedCredential
from node.web.http_client import HttpClient
from node.web.opening import make_resolver
from node.web.private import PrivateStore

_DID_KEY = "did:key:"
_URN = "urn:uuid:"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedRow:
    """An issued credential as the operator reads it."""

    id: str
    """As in the credential: `urn:uuid:…`."""
    kind: str
    state: str
    text: str = ""
    """The credential itself, when it was just issued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the operator asks for."""

    kind: str
    """Of `CredentialKind`."""
    account: bytes | None
    """The member's, or the officer's office account."""
    is_dated: bool = False
    """Whether a membership states since when."""
    roles: tuple[str, ...] = ()
    role_from: str | None = None
    role_until: str | None = None
    months: int | None = None


async def issue_credential(
    home: Home, settings: Settings, wanted: Wanted, *, holder: VerificationKey, form: str
) -> IssuedRow:
    """Issue a credential; the ledger states what it knows, the operator the rest.

    Args:
        home: Of the node, which must be running where the ledger is asked.
        settings: Of that home.
        wanted: What is to be stated.
        holder: Whom it is bound to.
        form: One of `CredentialFormat`.

    Raises:
        RefusedError: An unknown form, a statement that cannot be issued in it, or one that the
            ledger does not bear out.
        UnavailableError: The ledger does not answer.
        MisconfiguredError: The home's key or register cannot be used, or something is missing.
    """
    if form not in list(CredentialFormat):
        raise RefusedError(f"--format is one of {', '.join(CredentialFormat)}")
    own, clock = load_own_cooperative(home, settings), Clock()
    async with EngineClient(home.rpc_socket) as engine:
        ledger = LedgerStatements(engine, cooperative=own.id, did=own.did)
        stated = await _state(ledger, wanted, did=own.did, now_ms=clock.now_ms())
    with _open_store(home) as store:
        office = CredentialOffice(
            origin=own.origin,
            did=own.did,
            method=f"{own.did}#assertion",
            key=load_key(home.keys, "assertion"),
            store=store,
            clock=clock,
        )
        issued = office.issue(
            stated.statement,
            holder=holder,
            account=wanted.account,
            form=CredentialFormat(form),
            ends_at_ms=stated.ends_at_ms,
        )
    text = issued.credential
    return _describe(
        issued.record, text=text if isinstance(text, str) else json.dumps(text, indent=2)
    )


def list_issued(home: Home, account: bytes) -> list[IssuedRow]:
    """What was issued to a ledger account, oldest first.

    Raises:
        MisconfiguredError: The register or its key cannot be used.
    """
    with _open_store(home) as store:
        return [_describe(item) for item in store.list_of_account(account)]


def change_state(home: Home, credential_id: str, state: CredentialState, *, now_ms: int) -> None:
    """Revoke, suspend or take up again a credential.

    Raises:
        RefusedError: It was not issued here, or is revoked for good.
        MisconfiguredError: The register or its key cannot be used.
    """
    try:
        parsed = uuid.UUID(credential_id.removeprefix(_URN)).bytes
    except ValueError as error:
        raise RefusedError("a credential's id reads like urn:uuid:…") from error
    with _open_store(home) as store:
        store.set_state(parsed, state, now_ms=now_ms)


def read_holder(did: str) -> VerificationKey:
    """The key that a did:key is.

    Raises:
        RefusedError: It is no did:key of a kind that signs.
    """
    if not did.startswith(_DID_KEY):
        raise RefusedError("a credential is bound to a did:key: ask its holder for a fresh one")
    return parse_multikey(did.removeprefix(_DID_KEY))


async def check_file(
    settings: Settings, text: str, *, challenge: str | None, domain: str | None
) -> list[JsonObject]:
    """Check a credential or presentation of anybody; `types` and `issuer` of each that it shows.

    Args:
        settings: Of the node that checks; test chains may resolve `.test` names.
        text: JSON, a JWT, or an SD-JWT.
        challenge: Of a presentation; an SD-JWT's nonce.
        domain: Of a presentation; an SD-JWT's audience.

    Raises:
        RefusedError: It does not hold.
        UnavailableError: What it needs cannot be reached now.
    """
    clock, network = Clock(), settings.network
    if is_of_model_v1(text):
        return await check_text_v1(text, challenge=challenge, domain=domain, now_s=clock.now_s())
    async with HttpClient(test_hosts=network.hosts, is_test_chain=network.is_test_chain) as client:
        checks = CredentialChecks(resolver=make_resolver(client, clock), client=client, clock=clock)
        if not text.startswith("{"):
            return [await _check_token(checks, text, challenge=challenge, domain=domain)]
        document = parse_json_object(text.encode())
        types = document.get("type")
        if "VerifiablePresentation" not in (types if isinstance(types, list) else [types]):
            return [_summarize(await checks.check_credential(document))]
        found = await checks.check_presentation(
            document, challenge=challenge or "", domain=domain or ""
        )
        return [_summarize(item) for item in found]


async def _state(ledger: LedgerStatements, wanted: Wanted, *, did: str, now_ms: int) -> Stated:
    match wanted.kind:
        case CredentialKind.MEMBERSHIP:
            return await ledger.state_membership(_require_account(wanted), is_dated=wanted.is_dated)
        case CredentialKind.ROLE:
            return await _state_role(ledger, wanted, did=did, now_ms=now_ms)
        case CredentialKind.PORTABILITY if wanted.months is None:
            return await ledger.state_portability(_require_account(wanted), roles=wanted.roles)
        case CredentialKind.PORTABILITY:
            if wanted.account is not None:
                raise MisconfiguredError(
                    "with `--account` the ledger says `--months`: leave it out"
                )
            return Stated(
                statement=state_portability(
                    cooperative=did, tenure_months=wanted.months or 0, roles=wanted.roles
                )
            )
    raise MisconfiguredError(f"a credential is of kind {', '.join(CredentialKind)}")


async def _state_role(ledger: LedgerStatements, wanted: Wanted, *, did: str, now_ms: int) -> Stated:
    if len(wanted.roles) != 1:
        raise MisconfiguredError("a role credential states one `--role`")
    [role] = wanted.roles
    if "_".join(role.lower().split()) in LEDGER_ROLES:
        if wanted.role_until is not None:
            raise MisconfiguredError("the ledger says until when: leave out `--until`")
        return await ledger.state_role(
            _require_account(wanted),
            role="_".join(role.lower().split()),
            role_from=wanted.role_from,
            now_ms=now_ms,
        )
    if wanted.role_from is None:
        raise MisconfiguredError("the ledger does not know this role: say since when with `--from`")
    ends_at_ms = _read_end_ms(wanted.role_until)
    if ends_at_ms is not None and ends_at_ms <= now_ms:
        raise RefusedError("this role is over already")
    statement = state_role(
        cooperative=did, role=role, role_from=wanted.role_from, role_until=wanted.role_until
    )
    return Stated(statement=statement, ends_at_ms=ends_at_ms)


def _read_end_ms(date: str | None) -> int | None:
    """The end of a day in UTC; None if no date is given, or none that exists.

    What is malformed is refused where it is stated.
    """
    try:
        day = datetime.fromisoformat(date or "").replace(tzinfo=UTC)
    except ValueError:
        return None
    return round((day + timedelta(days=1)).timestamp()) * 1_000


def _require_account(wanted: Wanted) -> bytes:
    if wanted.account is None:
        raise MisconfiguredError("say whose with `--account`: the ledger is asked about it")
    return wanted.account


async def _check_token(
    checks: CredentialChecks, text: str, *, challenge: str | None, domain: str | None
) -> JsonObject:
    if "~" not in text:
        return _summarize(await checks.check_credential(envelop(text)))
    if (challenge is None) != (domain is None):
        raise CredentialError("an SD-JWT that is shown has a challenge and a domain")
    binding = KeyBinding(audience=domain, nonce=challenge) if challenge and domain else None
    credential = await checks.check_sd_jwt(text, key_binding=binding)
    return {"types": [credential.vct], "issuer": credential.issuer, "claims": credential.claims}


def _summarize(credential: Credential) -> JsonObject:
    return {
        "types": sorted(credential.types),
        "issuer": credential.issuer,
        "claims": list(credential.subjects),
    }


def _describe(record: IssuedCredential, *, text: str = "") -> IssuedRow:
    return IssuedRow(
        id=f"{_URN}{uuid.UUID(bytes=record.id)}",
        kind=record.kind.value,
        state=record.state.value,
        text=text,
    )


@contextmanager
def _open_store(home: Home) -> Iterator[CredentialStore]:
    key = load_secret(home.keys, REGISTER_KEY_NAME)
    private = PrivateStore.open(home.private_path, key=key, random=secrets.token_bytes)
    try:
        yield CredentialStore(private.connection)
    finally:
        private.close()
