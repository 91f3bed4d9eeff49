"""Checking credentials with what has to be fetched for them: DID documents and status lists.

`did.credentials` decides; this brings it the evidence, through the guarded client, and runs
what is slow in a thread. What cannot be had stays missing, which is a refusal. Never logs
whose credentials are looked at.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from config.errors import RefusedError, UnavailableError
from did.credentials.checking import (
    CredentialPolicy,
    Evidence,
    PresentationPolicy,
    check_credential,
    check_presentation,
    find_needs,
)
from did.credentials.refusals import CredentialError
from did.credentials.sd_jwt_vc import KeyBinding, SdJwtVc, check_sd_jwt_vc, parse_sd_jwt_vc
from did.credentials.status_lists import StatusList, read_status_list
from did.credentials.structure import Credential
from did.credentials.token_status_lists import (
    TokenStatusList,
    check_token_status,
    check_token_status_list,
    read_token_reference,
)
from did.documents import DidDocument
from did.jcs import JsonObject, parse_json_object
from node.rdf_hashing import BoundedRdfHasher
from node.web.clock import Clock
from node.web.did_resolver import DidResolver
from node.web.http_client import Answer
from node.web.status_cache import StatusCache

_LIST_TYPES = frozenset(
    {"application/vc", "application/vc+ld+json", "application/ld+json", "application/json"}
)
_TOKEN_TYPES = frozenset({"application/statuslist+jwt"})
_NEEDS_MAX = 16
"""DIDs, and status lists, that are looked up for one check."""


class Fetcher(Protocol):
    """What brings status lists: `node.web.http_client.HttpClient`."""

    async def fetch(self, url: str, *, headers: Mapping[str, str], types: frozenset[str]) -> Answer:
        """Fetch a document that must be there, of one of the types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialChecks:
    """Checks with evidence; one for the whole process."""

    resolver: DidResolver
    client: Fetcher
    clock: Clock
    bit_lists: StatusCache[StatusList] | None = None
    """None: every list is fetched each time."""
    token_lists: StatusCache[TokenStatusList] | None = None

    async def check_credential(
        self,
        document: JsonObject,
        *,
        types: frozenset[str] = frozenset(),
        issuers: frozenset[str] | None = None,
    ) -> Credential:
        """Check a credential as it came.

        Args:
            document: A credential, or an EnvelopedVerifiableCredential.
            types: It has all of these.
            issuers: Whom to believe; None: anybody, the caller decides.

        Raises:
            CredentialError: It is refused.
            UnavailableError: What it needs cannot be reached now.
        """
        policy = CredentialPolicy(now_s=self.clock.now_s(), types=types, issuers=issuers)
        evidence = await self._collect(document)
        return await asyncio.to_thread(check_credential, document, policy=policy, evidence=evidence)

    async def check_presentation(
        self,
        document: JsonObject,
        *,
        challenge: str,
        domain: str,
        types: frozenset[str] = frozenset(),
        issuers: frozenset[str] | None = None,
        credentials_count_min: int = 1,
        is_holder_subject: bool = True,
    ) -> tuple[Credential, ...]:
        """Check a presentation and every credential in it.

        Raises:
            CredentialError: It is refused.
            UnavailableError: What it needs cannot be reached now.
        """
        policy = PresentationPolicy(
            challenge=challenge,
            domain=domain,
            credentials=CredentialPolicy(now_s=self.clock.now_s(), types=types, issuers=issuers),
            credentials_count_min=credentials_count_min,
            is_holder_subject=is_holder_subject,
        )
        evidence = await self._collect(document)
        return await asyncio.to_thread(
            check_presentation, document, policy=policy, evidence=evidence
        )

    async def check_sd_jwt(
        self,
        text: str,
        *,
        key_binding: KeyBinding | None,
        issuers: frozenset[str] | None = None,
    ) -> SdJwtVc:
        """Check an SD-JWT VC with its holder's proof and its status.

        Args:
            text: As it was shown, or issued.
            key_binding: What the verifier asked for; None: as issued, without a holder.
            issuers: Whom to believe, checked before anything is fetched; None: anybody.

        Raises:
            CredentialError: It is refused.
            UnavailableError: What it needs cannot be reached now.
        """
        credential = parse_sd_jwt_vc(text)
        if issuers is not None and credential.issuer not in issuers:
            raise CredentialError("the credential is by an issuer that is not believed here")
        document = await self.resolver.get_document(credential.issuer)
        check_sd_jwt_vc(
            credential,
            issuer_key=document.get_key(credential.verification_method, purpose="assertionMethod"),
            now_s=self.clock.now_s(),
            key_binding=key_binding,
        )
        reference = read_token_reference(credential)
        if reference is None:
            return credential
        found = await self._find_token_list(reference[0], credential.issuer, document)
        check_token_status(credential, found)
        return credential

    async def _find_token_list(
        self, url: str, issuer: str, document: DidDocument
    ) -> TokenStatusList:
        kept = None if self.token_lists is None else self.token_lists.get(url)
        if kept is not None:
            return kept
        answer = await self.client.fetch(
            url, headers={"Accept": ", ".join(_TOKEN_TYPES)}, types=_TOKEN_TYPES
        )
        now_s = self.clock.now_s()
        found = check_token_status_list(
            answer.body.decode("ascii", "replace"),
            url=url,
            issuer=issuer,
            document=document,
            now_s=now_s,
        )
        if self.token_lists is not None:
            left_s = None if found.expires_at_s is None else found.expires_at_s - now_s
            size = len(found.packed)
            self.token_lists.put(url, found, size=size, ttl_s=found.ttl_s, left_s=left_s)
        return found

    async def _collect(self, document: JsonObject) -> Evidence:
        """Fetch what a check asks for; what is not there is left out, and refused later."""
        needs = find_needs(document)
        urls = {reference.list_url for reference in needs.status_references}
        if len(needs.dids) > _NEEDS_MAX or len(urls) > _NEEDS_MAX:
            raise CredentialError(f"at most {_NEEDS_MAX} DIDs and status lists are looked up")
        documents = await self._resolve(needs.dids)
        return Evidence(
            documents=documents,
            status_lists={url: await self._find_list(url) for url in sorted(urls)},
            hash_rdf=BoundedRdfHasher(),
        )

    async def _resolve(self, dids: Iterable[str]) -> Mapping[str, DidDocument]:
        return {did: await self.resolver.get_document(did) for did in sorted(dids)}

    async def _find_list(self, url: str) -> StatusList:
        kept = None if self.bit_lists is None else self.bit_lists.get(url)
        if kept is not None:
            return kept
        found = await self._fetch_list(url)
        if self.bit_lists is not None:
            until_s, size = found.valid_until_s, len(found.bits)
            left_s = None if until_s is None else until_s - self.clock.now_s()
            self.bit_lists.put(url, found, size=size, ttl_s=found.ttl_s, left_s=left_s)
        return found

    async def _fetch_list(self, url: str) -> StatusList:
        try:
            answer = await self.client.fetch(
                url, headers={"Accept": ", ".join(sorted(_LIST_TYPES))}, types=_LIST_TYPES
            )
            document = parse_json_object(answer.body)
        except RefusedError as error:
            raise CredentialError(
                f"the credential's status list cannot be read: {error.reason}"
            ) from error
        except UnavailableError as error:
            raise UnavailableError(f"the credential's status list: {error}") from error
        # A list whose status another list tells would have no end.
        if "credentialStatus" in document:
            raise CredentialError("a status list has no status itself")
        needs = find_needs(document)
        evidence = Evidence(documents=await self._resolve(needs.dids), hash_rdf=BoundedRdfHasher())
        policy = CredentialPolicy(now_s=self.clock.now_s())
        credential = await asyncio.to_thread(
            check_credential, document, policy=policy, evidence=evidence
        )
        return read_status_list(credential, url=url)
