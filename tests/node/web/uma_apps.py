"""Applications that seek what is somebody's, and the moves of the clock that tests need."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from did.base64url import encode_base64url
from did.consent.terms import Purpose, Resource
from did.credentials.kinds import state_membership, state_role
from did.credentials.sd_jwt_vc import present_sd_jwt_vc
from did.jcs import canonicalize
from did.keys import KeyPair, did_key
from did.login.client_proofs import DpopKey
from did.login.clients import UMA_GRANT_TYPE
from did.times import render_time
from did.verification_keys import KeyKind, VerificationKey
from node.web.credential_office import CredentialFormat
from tests.did.credentials.parties import make_presentation, show
from tests.node.web.conftest import WebNode
from tests.node.web.logins import CLIENT, ORIGIN, Attempt, Reply
from tests.node.web.test_routes_consents import Person
from tests.node.web.test_routes_presentation import make_office

CARE = Purpose.CLINICAL_CARE.value
ASKER = KeyPair(b"q" * 32)
"""Key of the requesting party's credential."""
ASKER_DID = did_key(ASKER.public_key)


@dataclass
class App:
    """An application with a key of its own, for a requesting party."""

    attempt: Attempt
    client: str = CLIENT
    key: DpopKey = field(default_factory=lambda: DpopKey(KeyPair(b"u" * 32)))

    @property
    def node(self) -> WebNode:
        return self.attempt.node

    async def knock(self, resource: str) -> str:
        """Try a resource without a token; the ticket that comes back."""
        return read_ticket(await self.attempt.send("GET", f"/uma/resources/{resource}"))

    async def seek(self, ticket: str, **form: str) -> Reply:
        """Ask for a token."""
        proof = self.attempt.prove_key("POST", "/oauth/token", by=self.key)
        data = {"grant_type": UMA_GRANT_TYPE, "client_id": self.client, "ticket": ticket, **form}
        return await self.attempt.send_token(data, proof=proof)

    async def seek_with_credential(self, ticket: str, **form: str) -> Reply:
        """Ask with a membership credential of the node's own cooperative."""
        return await self.seek(ticket, **{"scope": CARE, **show_sd_jwt(self.node, ticket), **form})

    async def get_token(self, resource: str, **form: str) -> str:
        """All steps to the token, where the person permits it."""
        given = await self.seek_with_credential(await self.knock(resource), **form)
        assert given.status == 200, given.body
        token: str = given.body["access_token"]
        return token

    async def read(
        self, resource: str, token: str, *, by: DpopKey | None = None, scheme: str = "DPoP"
    ) -> Reply:
        """Read a resource with a token."""
        path = f"/uma/resources/{resource}"
        proof = self.attempt.prove_key("GET", path, by=by or self.key, access_token=token)
        headers = {"Authorization": f"{scheme} {token}", "DPoP": proof}
        return await self.attempt.send("GET", path, headers=headers)


def read_ticket(reply: Reply) -> str:
    """The ticket of an answer that asks for a token."""
    assert reply.status == 401
    found = re.fullmatch(
        rf'UMA realm="rochdale", as_uri="{ORIGIN}", ticket="([\w-]+)"',
        reply.headers["Www-Authenticate"],
    )
    assert found is not None, reply.headers
    return found[1]


def issue(
    node: WebNode,
    *,
    role_until: str | None = "",
    form: CredentialFormat = CredentialFormat.SD_JWT_VC,
) -> Any:
    """A credential of a node's cooperative for the asker: membership, or a role."""
    office = make_office(node)
    statement = (
        state_membership(cooperative=office.did, member_since="2024-05")
        if role_until == ""
        else state_role(
            cooperative=office.did, role="clinician", role_from="2024-05-01", role_until=role_until
        )
    )
    holder = VerificationKey(KeyKind.ED25519, ASKER.public_key)
    return office.issue(statement, holder=holder, account=b"a" * 32, form=form).credential


def show_sd_jwt(node: WebNode, ticket: str, **changes: Any) -> dict[str, str]:
    """A credential with proof of possession over a ticket, as it is pushed."""
    shown = present_sd_jwt_vc(
        changes.get("credential") or issue(node),
        disclose=[],
        key=ASKER,
        audience=changes.get("audience", ORIGIN),
        nonce=changes.get("nonce", ticket),
        now_s=node.context.clock.now_s(),
    )
    return {"claim_token": shown, "claim_token_format": "dc+sd-jwt"}


def show_presentation(node: WebNode, ticket: str, **changes: Any) -> dict[str, str]:
    """The same as a presentation with a Data Integrity proof."""
    credential = changes.get("credential") or issue(node, form=CredentialFormat.DATA_INTEGRITY)
    shown = show(
        make_presentation(credential, holder=ASKER_DID),
        ASKER,
        challenge=changes.get("challenge", ticket),
        domain=changes.get("domain", ORIGIN),
        created=render_time(node.context.clock.now_ms()),
    )
    return {
        "claim_token": encode_base64url(canonicalize(shown)),
        "claim_token_format": "ldp_vp",
    }


def find_own(person: Person, kind: Resource = Resource.REGISTER_ENTRY) -> str:
    """Id of what the node keeps of a person."""
    owned = person.node.context.private.uma.list_own(person.holder.id)
    return next(item.id for item in owned if item.kind is kind)


async def permit(person: Person, **changes: Any) -> str:
    """Let a person sign a grant for clinical care; its id."""
    grant = person.make_grant(
        **{
            "grantee": ASKER_DID,
            "purposes": (Purpose.CLINICAL_CARE,),
            "resources": (Resource.REGISTER_ENTRY,),
            **changes,
        }
    )
    seq = person.node.context.private.consents.get_standing(person.holder.id).seq
    status, told = await person.send(person.sign(grant, seq=seq + 1))
    assert status == 200, told
    return grant.id


def advance(node: WebNode, seconds: int) -> None:
    """Let time pass for whatever is signed, given out or waited for."""
    now_ms = node.context.clock.now_ms
    later = replace(node.context.clock, now_ms=lambda: now_ms() + seconds * 1_000)
    node.context.clock = later
    node.context.login.clock = later


def count_kinds(person: Person) -> list[str]:
    """Kinds of the entries in a person's history."""
    entries = person.node.context.private.consents.list_entries(person.holder.id)
    return [item.kind.value for item in entries]


def list_trail(person: Person) -> list[str]:
    """What stands in a person's audit trail, oldest first."""
    events = person.node.context.login.store.list_events(person.holder.id)
    return [item.what for item in reversed(events)]
