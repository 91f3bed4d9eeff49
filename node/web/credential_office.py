"""Issuing the cooperative's credentials and publishing their status.

The one place that signs credentials, for the routes of OpenID4VCI and for the operator's
commands alike. Signs with the cooperative's assertion key. Decides neither who is a member
nor whether a key is the applicant's: callers have made sure of both.
"""

import sys
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from config.limits import CREDENTIAL_DAYS, STATUS_LIST_VALID_S
from did.credentials.contexts import CREDENTIALS_CONTEXT
from did.credentials.data_integrity import sign_document
from did.credentials.kinds import CredentialKind, Statement, get_vct, render_credential
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import issue_sd_jwt_vc
from did.credentials.status_lists import StatusPurpose, StatusReference, render_status_list
from did.credentials.token_status_lists import (
    TokenStatus,
    issue_token_status_list,
    render_token_reference,
)
from did.credentials.vc_jwt import issue_vc_jwt
from did.jcs import JsonObject
from did.keys import KeyPair
from did.times import render_time
from did.verification_keys import VerificationKey, render_multikey
from node.web.clock import Clock
from node.web.credential_store import CredentialState, CredentialStore, IssuedCredential

_DAY_MS = 86_400_000
_TOKEN_LIST = "token"  # noqa: S105 - a name in a URL
_STATES = {
    StatusPurpose.REVOCATION: CredentialState.REVOKED,
    StatusPurpose.SUSPENSION: CredentialState.SUSPENDED,
}


class CredentialFormat(StrEnum):
    """Forms of one credential, by the names of OpenID4VCI."""

    SD_JWT_VC = "dc+sd-jwt"
    DATA_INTEGRITY = "ldp_vc"
    JWT = "jwt_vc_json"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A credential that was just issued."""

    record: IssuedCredential
    credential: str | JsonObject
    """Text for SD-JWT VC and JWT, a document for data integrity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialOffice:
    """The cooperative as an issuer."""

    origin: str
    did: str
    """Its did:web."""
    method: str
    """URL under which readers find the assertion key."""
    key: KeyPair = field(repr=False)
    """The assertion key."""
    store: CredentialStore
    clock: Clock

    def issue(
        self,
        statement: Statement,
        *,
        holder: VerificationKey,
        account: bytes | None,
        form: CredentialFormat,
        ends_at_ms: int | None = None,
    ) -> NewCredential:
        """Issue a credential bound to a holder's key.

        Args:
            statement: What is stated (`did.credentials.kinds`).
            holder: Key that its holder has proved to have.
            account: The holder's ledger account, by which leaving revokes; never kept for a
                portability credential.
            form: In which it is issued.
            ends_at_ms: When what is stated is over, if that is known: it holds no longer.

        Raises:
            CredentialError: The statement cannot be issued in that form.
        """
        is_portable = statement.kind is CredentialKind.PORTABILITY
        if is_portable and form is not CredentialFormat.SD_JWT_VC:
            raise CredentialError("a portability credential is issued as dc+sd-jwt only")
        now_ms = self.clock.now_ms()
        record = self.store.add(
            kind=statement.kind,
            account=None if is_portable else account,
            now_ms=now_ms,
            expires_at_ms=min(now_ms + CREDENTIAL_DAYS * _DAY_MS, ends_at_ms or sys.maxsize),
            random_bytes=self.clock.random_bytes,
            random_below=self.clock.random_below,
        )
        if form is CredentialFormat.SD_JWT_VC:
            return NewCredential(
                record=record, credential=self._sign_sd_jwt(statement, record, holder)
            )
        document = self._render(statement, record, holder)
        if form is CredentialFormat.JWT:
            jwt = issue_vc_jwt(document, key=self.key, verification_method=self.method)
            return NewCredential(record=record, credential=jwt)
        return NewCredential(record=record, credential=self._sign(document))

    def publish_list(self, name: str) -> tuple[str, JsonObject] | tuple[str, str] | None:
        """A status list as it is now: its media type and body; None if there is none.

        Args:
            name: `<number>-revocation`, `<number>-suspension` or `<number>-token`.
        """
        number_text, _, purpose_text = name.partition("-")
        if not (number_text.isascii() and number_text.isdecimal()) or len(number_text) > 6:
            return None
        number = int(number_text)
        if str(number) != number_text or not self.store.has_list(number):
            return None
        if purpose_text == _TOKEN_LIST:
            return "application/statuslist+jwt", self._sign_token_list(number)
        if purpose_text in list(StatusPurpose):
            return "application/vc", self._sign_list(number, StatusPurpose(purpose_text))
        return None

    def get_list_url(self, number: int, name: str) -> str:
        """Where a status list is published."""
        return f"{self.origin}/credentials/status/{number}-{name}"

    def _render(
        self, statement: Statement, record: IssuedCredential, holder: VerificationKey
    ) -> JsonObject:
        return render_credential(
            statement,
            origin=self.origin,
            issuer=self.did,
            subject=f"did:key:{render_multikey(holder)}",
            credential_id=f"urn:uuid:{uuid.UUID(bytes=record.id)}",
            valid_from=render_time(record.issued_at_ms),
            valid_until=render_time(record.expires_at_ms),
            statuses=[
                StatusReference(
                    list_url=self.get_list_url(record.list_number, purpose.value),
                    index=record.place,
                    purpose=purpose,
                )
                for purpose in StatusPurpose
            ],
        )

    def _sign(self, document: JsonObject) -> JsonObject:
        return sign_document(
            document,
            key=self.key,
            verification_method=self.method,
            created=self.clock.now_text(),
        )

    def _sign_sd_jwt(
        self, statement: Statement, record: IssuedCredential, holder: VerificationKey
    ) -> str:
        return issue_sd_jwt_vc(
            statement.claims,
            vct=get_vct(self.origin, statement.kind),
            issuer=self.did,
            key=self.key,
            verification_method=self.method,
            holder_key=holder,
            disclosable=statement.disclosable,
            issued_at_s=record.issued_at_ms // 1_000,
            expires_at_s=record.expires_at_ms // 1_000,
            random=self.clock.random_bytes,
            status=render_token_reference(
                url=self.get_list_url(record.list_number, _TOKEN_LIST), index=record.place
            ),
        )

    def _sign_list(self, number: int, purpose: StatusPurpose) -> JsonObject:
        now_ms = self.clock.now_ms()
        return self._sign(
            render_status_list(
                url=self.get_list_url(number, purpose.value),
                issuer=self.did,
                purpose=purpose,
                indexes=self.store.list_places(number, _STATES[purpose]),
                valid_from=render_time(now_ms),
                valid_until=render_time(now_ms + 1_000 * STATUS_LIST_VALID_S),
                contexts=[CREDENTIALS_CONTEXT],
            )
        )

    def _sign_token_list(self, number: int) -> str:
        statuses = {
            place: status
            for state, status in (
                (CredentialState.REVOKED, TokenStatus.INVALID),
                (CredentialState.SUSPENDED, TokenStatus.SUSPENDED),
            )
            for place in self.store.list_places(number, state)
        }
        return issue_token_status_list(
            statuses,
            url=self.get_list_url(number, _TOKEN_LIST),
            issuer=self.did,
            key=self.key,
            verification_method=self.method,
            now_s=self.clock.now_s(),
            valid_s=STATUS_LIST_VALID_S,
        )
