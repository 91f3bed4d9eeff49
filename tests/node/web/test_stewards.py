"""A steward alone decides in another's place, who is told of it and ends it."""

import secrets
from typing import Any

import pytest

from did.consent.policies import Act, Grant, Mandate, Revocation
from did.consent.terms import Purpose, Resource
from node.web.erasure import erase_person
from tests.node.web.callers import Caller
from tests.node.web.logins import admit, enrol
from tests.node.web.test_routes_consents import Person

NOTICES = "/api/v1/holders/me/notices"


class Stewardship:
    """A person who has mandated somebody else with an account here."""

    def __init__(self, node: Any) -> None:
        self.node = node
        self.person = Person(node)
        self.wallet = enrol(node, seed=2)
        self.steward = self.enter(self.wallet)
        self.owner = Caller(node, self.person.holder.id, "profile profile.write")

    def enter(self, wallet: Any, scope: str = "mandates") -> Caller:
        """An application of a wallet's holder."""
        holder = self.node.context.private.holders.find_by_did(wallet.login_did)
        return Caller(self.node, holder.id, scope)

    async def mandate(self, *, seq: int = 1, **changes: Any) -> tuple[Mandate, str]:
        """Give the mandate; itself and its handle."""
        now_s = self.person.now_s
        fields = {
            "id": secrets.token_hex(16),
            "steward": self.wallet.login_did,
            "purposes": (Purpose.HEALTH_RESEARCH,),
            "resources": (Resource.RECORDS,),
            "from_s": now_s - 1,
            "until_s": now_s + 2_000,
        }
        mandate = Mandate(**{**fields, **changes})
        status, told = await self.person.send(self.person.sign(mandate, seq=seq))
        assert status == 200
        handles = {item["id"]: item["handle"] for item in told["mandates"]}
        return mandate, handles[mandate.id]

    async def decide(
        self,
        handle: str,
        act: Act,
        *,
        seq: int,
        mandate: str,
        by: Caller | None = None,
        **sign: Any,
    ) -> tuple[int, dict[str, Any]]:
        """Hand a decision in."""
        key = sign.pop("key", self.wallet.device_key)
        jws = self.person.sign(act, seq=seq, key=key, mandate=mandate, **sign)
        path = f"/api/v1/mandates/{handle}/decisions"
        return await (by or self.steward).call("POST", path, body=jws.encode())

    async def read_notices(self) -> tuple[list[dict[str, Any]], int]:
        """The person's, and up to which they saw them."""
        status, told = await self.owner.call("GET", NOTICES)
        assert status == 200
        return told["notices"], told["seen"]


@pytest.fixture
def scene(pair: Any) -> Stewardship:
    return Stewardship(pair[0])


async def test_a_steward_decides_alone_and_the_person_is_told(scene: Stewardship) -> None:
    """With their own login; it holds at once, and stands in the person's history."""
    mandate, handle = await scene.mandate()
    grant = scene.person.make_grant()

    status, told = await scene.decide(handle, grant, seq=2, mandate=mandate.id)
    notices, seen = await scene.read_notices()

    assert status == 200
    assert (told["seq"], [item["id"] for item in told["grants"]]) == (2, [grant.id])
    assert scene.person.may()
    assert (len(notices), seen) == (1, 0)
    assert notices[0]["what"] == "steward-decided"
    assert not notices[0]["concerns_everybody"]
    for word in (scene.wallet.login_did, grant.id, mandate.id, "DUO:0000006"):
        assert word in notices[0]["detail"]
    history = (await scene.person.get())["history"]
    assert [item["kind"] for item in history] == ["mandate", "steward-decision"]


async def test_the_person_ends_one_decision_or_the_mandate(scene: Stewardship) -> None:
    """Afterwards the handle leads nowhere."""
    mandate, handle = await scene.mandate()
    first, second = scene.person.make_grant(), scene.person.make_grant()
    await scene.decide(handle, first, seq=2, mandate=mandate.id)
    await scene.decide(handle, second, seq=3, mandate=mandate.id)
    await scene.person.send(scene.person.sign(Revocation(id=first.id), seq=4))
    _, one = await scene.steward.call("GET", f"/api/v1/mandates/{handle}")
    await scene.person.send(scene.person.sign(Revocation(id=mandate.id), seq=5))

    gone, _ = await scene.steward.call("GET", f"/api/v1/mandates/{handle}")
    late, _ = await scene.decide(handle, second, seq=6, mandate=mandate.id)

    assert [item["id"] for item in one["grants"]] == [second.id]
    assert (gone, late, scene.person.may()) == (404, 404, False)


async def test_nobody_but_the_steward_learns_that_there_is_a_mandate(scene: Stewardship) -> None:
    """A stranger, the person themself, an early or late steward: the answer to a wrong handle."""
    _, handle = await scene.mandate()
    now_s = scene.person.now_s
    _, early = await scene.mandate(seq=2, from_s=now_s + 1_000)
    stranger = scene.enter(enrol(scene.node, seed=3))
    person = Caller(scene.node, scene.person.holder.id, "mandates")
    tries = [
        (scene.steward, "ab" * 16),
        (scene.steward, early),
        (stranger, handle),
        (person, handle),
    ]

    answers = []
    for caller, each in tries:
        path = f"/api/v1/mandates/{each}"
        answers.append(await caller.call("GET", path))
        answers.append(await caller.call("POST", f"{path}/decisions", body=b"anything"))

    assert {status for status, _ in answers} == {404}
    assert len({str(told) for _, told in answers}) == 1


async def test_a_mandate_ends_in_time(scene: Stewardship, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was granted under it ended no later."""
    mandate, handle = await scene.mandate()
    monkeypatch.setattr(type(scene.node.context.clock), "now_s", lambda _: mandate.until_s)
    late = scene.enter(scene.wallet)

    status, _ = await late.call("GET", f"/api/v1/mandates/{handle}")

    assert status == 404


async def test_what_a_steward_reads_says_nothing_of_the_person(scene: Stewardship) -> None:
    """Neither their DID nor their id, and no other grant of theirs."""
    await scene.person.send(scene.person.sign(scene.person.make_grant(), seq=1))
    _, handle = await scene.mandate(seq=2)

    _, told = await scene.steward.call("GET", f"/api/v1/mandates/{handle}")

    assert set(told) == {"seq", "mandate", "grants", "note"}
    assert (told["seq"], told["grants"]) == (2, [])
    assert scene.person.wallet.login_did not in str(told)
    assert scene.person.holder.id.hex() not in str(told)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"purposes": (Purpose.CLINICAL_CARE,)}, "does not cover this purpose"),
        ({"resources": (Resource.STATEMENTS,)}, "does not cover this resource"),
        ({"until_s": 1 << 32}, "within"),
    ],
)
async def test_refuses_what_the_mandate_does_not_cover(
    scene: Stewardship, changes: dict[str, Any], sentence: str
) -> None:
    """The person is not bothered with what did not happen."""
    mandate, handle = await scene.mandate()
    grant = scene.person.make_grant(**changes)

    status, told = await scene.decide(handle, grant, seq=2, mandate=mandate.id)

    assert (status, sentence in str(told)) == (422, True)
    assert (await scene.read_notices())[0] == []


async def test_refuses_a_decision_by_another_key_or_under_no_mandate(scene: Stewardship) -> None:
    """The login alone decides nothing, and the person's own statements do not come this way."""
    mandate, handle = await scene.mandate()
    grant = scene.person.make_grant()
    own = scene.person.wallet.device_key

    forged = await scene.decide(handle, grant, seq=2, mandate=mandate.id, signer=own)
    other = await scene.decide(handle, grant, seq=2, mandate=mandate.id, key=own)
    bare = await scene.decide(handle, grant, seq=2, mandate="", key=own)
    revoking = Revocation(id=mandate.id)
    ending = await scene.decide(handle, revoking, seq=2, mandate=mandate.id)

    assert {item[0] for item in (forged, other, bare, ending)} == {422}
    assert "signature" in str(forged[1])
    assert "another steward's" in str(other[1])
    assert "names its mandate" in str(bare[1])
    assert "may grant" in str(ending[1])
    assert not scene.person.may()


async def test_a_steward_who_is_a_member_signs_with_the_key_of_the_ledger(
    scene: Stewardship,
) -> None:
    """A stolen old key decides nothing for others either."""
    mandate, handle = await scene.mandate()
    admit(scene.node, scene.wallet, key=b"\x09" * 32)

    status, told = await scene.decide(handle, scene.person.make_grant(), seq=2, mandate=mandate.id)

    assert status in (400, 401, 403, 422)
    assert "replaced the key" in str(told)
    assert not scene.person.may()


async def test_stewards_cannot_use_up_the_persons_statements(
    scene: Stewardship, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person says something after that still."""
    monkeypatch.setattr("node.web.stewards.STEWARD_STATEMENTS_MAX", 2)
    mandate, handle = await scene.mandate()
    grant = scene.person.make_grant()
    taken, _ = await scene.decide(handle, grant, seq=2, mandate=mandate.id)

    refused, _ = await scene.decide(handle, grant, seq=3, mandate=mandate.id)
    own, _ = await scene.person.send(scene.person.sign(scene.person.make_grant(), seq=3))

    assert (taken, refused, own) == (200, 503, 200)


async def test_a_notice_is_new_until_the_person_has_seen_it(scene: Stewardship) -> None:
    """The mark only moves on, and never beyond what happened."""
    mandate, handle = await scene.mandate()
    await scene.decide(handle, scene.person.make_grant(), seq=2, mandate=mandate.id)
    (notice,), _ = await scene.read_notices()
    body = b'{"number":%d}'

    beyond, _ = await scene.owner.call("POST", f"{NOTICES}/seen", body=body % 99)
    seen, told = await scene.owner.call("POST", f"{NOTICES}/seen", body=body % notice["number"])
    none, _ = await scene.owner.call("POST", f"{NOTICES}/seen", body=b"{}")
    reader = Caller(scene.node, scene.person.holder.id, "profile")
    unallowed, _ = await reader.call("POST", f"{NOTICES}/seen", body=body % 1)

    assert (beyond, seen, none, unallowed) == (422, 200, 422, 403)
    assert told == {"seen": notice["number"]}
    assert (await scene.read_notices())[1] == notice["number"]


async def test_an_erased_person_leaves_no_handle(scene: Stewardship) -> None:
    """Nor does anything lead from it to them."""
    _, handle = await scene.mandate()
    context = scene.node.context
    erase_person(
        context.private,
        context.erasures,
        holder_id=scene.person.holder.id,
        entry=None,
        now_ms=context.clock.now_ms(),
    )

    status, _ = await scene.steward.call("GET", f"/api/v1/mandates/{handle}")

    assert status == 404
    assert context.private.mandates.find_holder(handle) is None


async def test_a_changed_mandate_keeps_its_handle(scene: Stewardship) -> None:
    """What was granted under it ends: the steward decides again."""
    mandate, handle = await scene.mandate()
    grant: Grant = scene.person.make_grant()
    await scene.decide(handle, grant, seq=2, mandate=mandate.id)

    _, again = await scene.mandate(seq=3, id=mandate.id)
    _, told = await scene.steward.call("GET", f"/api/v1/mandates/{handle}")

    assert (again, told["grants"], scene.person.may()) == (handle, [], False)
