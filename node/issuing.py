"""The operator's desk for credentials: what `rochdale credential` does, beside a running node.

Issues with the home's assertion key, remembers in private.db, and checks files of anybody.
Whose key a credential is bound to, and whether it is true, the operator has made sure of.
"""

import json
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.errors import RefusedError
from config.settings import Settings
from did.credentials.kinds import Statement
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import KeyBinding
from did.credentials.structure import Credential
from did.credentials.vc_jwt import envelop
from did.credentials_v1 import is_of_model_v1
from did.jcs import JsonObject, parse_json_object
from did.verification_keys import VerificationKey, parse_multikey
from node.credentials_v1 import check_text_v1
from node.home import Home
from node.keystore import REGISTER_KEY_NAME, load_key, load_secret
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


def issue_credential(
    home: Home,
    settings: Settings,
    state: Callable[[str], Statement],
    *,
    holder: VerificationKey,
    account: bytes | None,
    form: str,
) -> IssuedRow:
    """Issue a credential.

    Args:
        home: Of the node.
        settings: Of that home.
        state: Makes the statement, given the cooperative's DID.
        holder: Whom it is bound to.
        account: The holder's on the ledger.
        form: One of `CredentialFormat`.

    Raises:
        RefusedError: An unknown form, or a statement that cannot be issued in it.
        MisconfiguredError: The home's key or register cannot be used.
    """
    if form not in list(CredentialFormat):
        raise RefusedError(f"--format is one of {', '.join(CredentialFormat)}")
    own = load_own_cooperative(home, settings)
    with _open_store(home) as store:
        office = CredentialOffice(
            origin=own.origin,
            did=own.did,
            method=f"{own.did}#assertion",
            key=load_key(home.keys, "assertion"),
            store=store,
            clock=Clock(),
        )
        issued = office.issue(
            state(own.did), holder=holder, account=account, form=CredentialFormat(form)
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
