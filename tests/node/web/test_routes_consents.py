"""Saying what may be used, over HTTP: who may, in which order, and from when it holds."""

import secrets
from typing import Any

import pytest

from did.consent.chain import Entry, EntryKind, check_chain
from did.consent.evaluation import Use, is_use_permitted
from did.consent.policies import (
    CONSENT_TYPE,
    Act,
    ConsentClaims,
    Grant,
    Mandate,
    Revocation,
    render_consent,
)
from did.consent.terms import Purpose, Resource
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method
from did.wallets import Wallet
from node.web.erasure import erase_person
from node.web.holder_export import export_holder
from tests.node.web.callers import Caller
from tests.node.web.logins import admit, enrol

STEWARD = KeyPair(b"s" * 32)
SCOPE = "consents consents.write"


class Person:
    """Somebody with an account, their wallet and an application that they allowed."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.wallet: Wallet = enrol(node)
        self.holder = node.context.private.holders.find_by_did(self.wallet.login_did)
        self.caller = Caller(node, self.holder.id, SCOPE)

    @property
    def now_s(self) -> int:
        return int(self.node.context.clock.now_s())

    def make_grant(self, **changes: Any) -> Grant:
        fields = {
            "id": secrets.token_hex(16),
            "grantee": "class:own-cooperative",
            "purposes": (Purpose.HEALTH_RESEARCH,),
            "resources": (Resource.RECORDS,),
            "from_s": self.now_s - 1,
            "until_s": self.now_s + 1_000,
        }
        return Grant(**{**fields, **changes})

    def sign(
        self,
        act: Act,
        *,
        seq: int,
        key: KeyPair | None = None,
        signer: KeyPair | None = None,
        mandate: str = "",
    ) -> str:
        named = key or self.wallet.device_key
        claims = ConsentClaims(
            cooperative=self.node.context.registry.own.id.hex(),
            seq=seq,
            iat=self.now_s,
            act=act,
            mandate=mandate,
        )
        return sign_jws(
            render_consent(claims),
            key=signer or named,
            kid=did_key_verification_method(named.public_key),
            typ=CONSENT_TYPE,
        )

    async def send(self, statement: str) -> tuple[int, dict[str, Any]]:
        return await self.caller.call("POST", "/api/v1/consents", body=statement.encode())

    async def get(self, path: str = "/api/v1/consents") -> dict[str, Any]:
        status, answer = await self.caller.call("GET", path)
        assert status == 200
        return answer

    def may(self, purpose: Purpose = Purpose.HEALTH_RESEARCH) -> bool:
        own = self.node.context.registry.own.did
        use = Use(grantee=own, purpose=purpose, resource=Resource.RECORDS, at_s=self.now_s)
        standing = self.node.context.private.consents.get_standing(self.holder.id)
        return is_use_permitted(standing.consents, use, own_cooperative=own, federation=frozenset())


@pytest.fixture
def person(pair: Any) -> Person:
    return Person(pair[0])


async def test_a_grant_and_its_revocation_hold_at_once(person: Person) -> None:
    """No block of the ledger comes between; another purpose was never permitted."""
    grant = person.make_grant()
    before = person.may()
    status, granted = await person.send(person.sign(grant, seq=1))
    during, other = person.may(), person.may(Purpose.CLINICAL_CARE)
    _, revoked = await person.send(person.sign(Revocation(id=grant.id), seq=2))

    assert status == 200
    assert [item["id"] for item in granted["grants"]] == [grant.id]
    assert (before, during, other, person.may()) == (False, True, False, False)
    assert (revoked["grants"], revoked["seq"]) == ([], 2)


async def test_the_history_hangs_together_and_the_person_can_check_it(person: Person) -> None:
    """With the salts that only they get."""
    grant = person.make_grant()
    acts: tuple[Act, ...] = (grant, grant, Revocation(id=grant.id))
    for seq, act in enumerate(acts, start=1):
        await person.send(person.sign(act, seq=seq))

    told = (await person.get())["history"]
    entries = [
        Entry(
            number=item["number"],
            kind=EntryKind(item["kind"]),
            at_ms=item["at_ms"],
            content=item["content"],
            salt=bytes.fromhex(item["salt"]),
            head=bytes.fromhex(item["head"]),
        )
        for item in told
    ]

    assert [item.kind for item in entries] == ["grant", "change", "revocation"]
    latest = person.node.context.private.consents.get_latest(person.holder.id)
    assert check_chain(entries) == latest.head
    assert (await person.get("/api/v1/consents?after=2"))["history"] == told[2:]


async def test_a_forged_statement_is_refused(person: Person) -> None:
    """By another key under the person's name, or by a stranger under their own."""
    grant = person.make_grant()
    forged = await person.send(person.sign(grant, seq=1, signer=STEWARD))
    strange = await person.send(person.sign(grant, seq=1, key=STEWARD))

    assert (forged[0], strange[0]) == (422, 422)
    assert "signature" in str(forged[1])
    assert "another DID" in str(strange[1])
    assert not person.may()
    assert (await person.get())["history"] == []


async def test_an_old_statement_cannot_be_played_again(person: Person) -> None:
    """A grant that was revoked stays revoked, whoever kept its statement."""
    grant = person.make_grant()
    old = person.sign(grant, seq=1)
    await person.send(old)
    await person.send(person.sign(Revocation(id=grant.id), seq=2))

    status, told = await person.send(old)

    assert status == 422
    assert "number 3" in str(told)
    assert not person.may()


async def test_a_key_that_the_ledger_replaced_signs_nothing(person: Person) -> None:
    """Who has stolen an old key cannot consent for its former owner."""
    admit(person.node, person.wallet, key=b"\x09" * 32)

    status, told = await person.send(person.sign(person.make_grant(), seq=1))

    assert status in (400, 401, 403, 422)
    assert "if you replaced the key" in str(told)
    assert not person.may()


async def test_a_steward_grants_within_the_mandate_and_no_further(person: Person) -> None:
    """The person carries the statement; ending the mandate ends what was granted under it."""
    mandate = Mandate(
        id=secrets.token_hex(16),
        steward=did_key(STEWARD.public_key),
        purposes=(Purpose.HEALTH_RESEARCH,),
        resources=(Resource.RECORDS,),
        from_s=person.now_s - 1,
        until_s=person.now_s + 2_000,
    )
    await person.send(person.sign(mandate, seq=1))
    wide = person.make_grant(purposes=(Purpose.CLINICAL_CARE,))
    refused = await person.send(person.sign(wide, seq=2, key=STEWARD, mandate=mandate.id))
    taken = await person.send(
        person.sign(person.make_grant(), seq=2, key=STEWARD, mandate=mandate.id)
    )
    granted = person.may()
    await person.send(person.sign(Revocation(id=mandate.id), seq=3))

    assert (refused[0], taken[0]) == (422, 200)
    assert taken[1]["entry"]["kind"] == "steward-decision"
    assert (granted, person.may()) == (True, False)


@pytest.mark.parametrize("body", [b"", b"x" * 9_000, "\u00e9".encode(), b"a.b.c"])
async def test_refuses_what_is_no_statement(person: Person, body: bytes) -> None:
    """Before anything is looked up."""
    status, _ = await person.caller.call("POST", "/api/v1/consents", body=body)

    assert status == 422


async def test_each_route_needs_its_own_scope(person: Person) -> None:
    """Who may read may not consent."""
    reader = Caller(person.node, person.holder.id, "consents")
    writer = Caller(person.node, person.holder.id, "consents.write")
    statement = person.sign(person.make_grant(), seq=1).encode()

    assert (await reader.call("POST", "/api/v1/consents", body=statement))[0] == 403
    assert (await writer.call("GET", "/api/v1/consents"))[0] == 403
    assert not person.may()


async def test_an_erased_person_has_no_consents(person: Person) -> None:
    """The rows go with the key; before, the export had all of them."""
    await person.send(person.sign(person.make_grant(), seq=1))
    context = person.node.context
    now_ms = context.clock.now_ms()
    exported = export_holder(
        context.private, person.holder.id, cooperative_did="did:x", now_ms=now_ms
    )
    erase_person(
        context.private,
        context.erasures,
        holder_id=person.holder.id,
        entry=None,
        now_ms=now_ms,
    )

    assert exported is not None
    assert [item.kind for item in exported.consents] == ["grant"]
    assert not person.may()
    assert context.private.consents.list_holders() == []
