"""Who is counted: the operator's command beside a node, its register and the real worker."""

import asyncio
import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError
from did.consent.policies import (
    CONSENT_TYPE,
    Act,
    ConsentClaims,
    Grant,
    Revocation,
    read_stored_consent,
    render_consent,
)
from did.consent.terms import Purpose, Resource
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method
from federation.aggregate import count_records
from governance.proposal_records import DecisionLeaf, Outcome, ProposalKind
from node import consent_gate
from node.consent_gate import find_permitted
from node.drafting import ComputedDraft, Wanted, compute_insight_draft
from node.web.erasure import erase_person
from tests.node.terminal import Terminal

PEOPLE = 200
HEADER = "id,age,sex,dataset,num,holder"


class Cohort:
    """People with an account, and the file of their records."""

    def __init__(self, node: Any, count: int) -> None:
        self.node = node
        self.store = node.context.private
        self.keys = [KeyPair(number.to_bytes(32)) for number in range(1, count + 1)]
        with self.store.write():
            self.ids = [self.store.holders.create(did_key(key.public_key)).id for key in self.keys]
        codes = [self.store.consents.compute_record_key(item) for item in self.ids]
        rows = [f"{n},55,Male,Site,{n % 2},{code}" for n, code in enumerate(codes)]
        self.records = "\n".join([HEADER, *rows, ""])
        self.file: Path = node.home.records / "people.csv"
        self.file.write_text(self.records, encoding="utf-8")

    @property
    def now_s(self) -> int:
        return int(self.node.context.clock.now_s())

    def say(self, place: int, act: Act) -> None:
        """A statement as the route keeps it, once it was checked."""
        holder = self.ids[place]
        claims = ConsentClaims(
            cooperative=self.node.context.registry.own.id.hex(),
            seq=self.store.consents.get_standing(holder).seq + 1,
            iat=self.now_s,
            act=act,
        )
        key = self.keys[place]
        kid = did_key_verification_method(key.public_key)
        jws = sign_jws(render_consent(claims), key=key, kid=kid, typ=CONSENT_TYPE)
        self.store.consents.add_statement(
            holder, jws, read_stored_consent(jws), at_ms=self.now_s * 1_000
        )

    def grant(self, place: int, **changes: Any) -> str:
        fields = {
            "id": secrets.token_hex(16),
            "grantee": "class:own-cooperative",
            "purposes": (Purpose.HEALTH_RESEARCH,),
            "resources": (Resource.RECORDS,),
            "from_s": self.now_s - 10,
            "until_s": self.now_s + 1_000,
        }
        act = Grant(**{**fields, **changes})
        self.say(place, act)
        return act.id

    def count(self, *, purpose: Purpose = Purpose.HEALTH_RESEARCH, now_s: int = 0) -> int:
        """Exactly, as only the worker ever does."""
        permitted = find_permitted(
            self.store,
            cooperative_did=self.node.context.registry.own.did,
            purpose=purpose,
            now_s=now_s or self.now_s,
        )
        return sum(
            count_records(self.records.encode(), site="Site", permitted=frozenset(permitted))
        )

    async def compute(self, purpose: Purpose | None = Purpose.HEALTH_RESEARCH) -> ComputedDraft:
        return await asyncio.to_thread(
            compute_insight_draft,
            self.node.home,
            self.node.context.settings,
            Wanted(records=self.file, site="Site", purpose=purpose),
            now_ms=self.now_s * 1_000,
        )


@pytest.fixture
def few(pair: Any) -> Cohort:
    return Cohort(pair[0], 4)


def test_m2_who_has_revoked_is_not_counted_at_once(few: Cohort) -> None:
    """M2: each person's own word alone lets them be counted; who said nothing never was."""
    grant = few.grant(0)
    few.grant(1)
    before = few.count()
    few.say(0, Revocation(id=grant))

    assert (before, few.count()) == (2, 1)


def test_m2_no_decision_of_members_counts_who_did_not_consent(few: Cohort) -> None:
    """M2: a data use that everybody else accepted opens nobody's records."""
    few.node.learn(
        DecisionLeaf(
            cooperative=few.node.context.registry.own.id,
            proposal=b"p" * 32,
            kind=ProposalKind.DATA_USE,
            outcome=Outcome.ACCEPTED,
            subject=b"",
            yes_count=3,
            no_count=0,
            abstain_count=0,
            electorate_count=4,
        )
    )
    few.grant(0)

    assert few.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"purposes": (Purpose.CLINICAL_CARE, Purpose.PAYMENT)},
        {"resources": (Resource.STATEMENTS,)},
        {"grantee": "did:web:stranger.example"},
    ],
)
def test_a_consent_to_something_else_counts_nobody(few: Cohort, changes: dict[str, Any]) -> None:
    """Another purpose, another resource, somebody else."""
    few.grant(0, **changes)

    assert few.count() == 0


def test_a_consent_counts_within_its_time_alone(few: Cohort) -> None:
    """From its first second to the one before its end."""
    few.grant(0, from_s=few.now_s + 10, until_s=few.now_s + 20)
    start = few.now_s + 10

    assert [few.count(now_s=start + late) for late in (-1, 0, 9, 10)] == [0, 1, 1, 0]


def test_general_research_includes_health_research_and_never_the_other_way(few: Cohort) -> None:
    """As the ontology has it."""
    few.grant(0)
    few.grant(1, purposes=(Purpose.GENERAL_RESEARCH,))

    assert few.count() == 2
    assert few.count(purpose=Purpose.GENERAL_RESEARCH) == 1


def test_who_is_erased_is_not_counted(few: Cohort) -> None:
    """Their record key leads nowhere any more, although the row still has it."""
    few.grant(0)
    context = few.node.context
    erase_person(
        context.private, context.erasures, holder_id=few.ids[0], entry=None, now_ms=few.now_s
    )

    assert few.count() == 0


def test_a_new_register_key_changes_no_record_key(few: Cohort) -> None:
    """Else nobody would be counted until all files are made anew."""
    few.grant(0)
    with few.store.write():
        few.store.holders.rewrap(b"n" * 32)

    assert few.count() == 1


def test_more_people_than_a_worker_can_be_told_of_are_refused(
    few: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them is left out silently."""
    few.grant(0)
    few.grant(1)
    monkeypatch.setattr(consent_gate, "RECORDS_ROWS_MAX", 1)

    with pytest.raises(RefusedError, match="at most 1 people"):
        few.count()


async def test_the_worker_counts_those_who_permit_it_and_the_insight_says_so(pair: Any) -> None:
    """Half of two hundred; off by 40 happens about once in 10^8 runs."""
    cohort = Cohort(pair[0], PEOPLE)
    with cohort.store.write():
        for place in range(PEOPLE // 2):
            cohort.grant(place)

    draft = await cohort.compute()

    assert draft.document["basis"] == {
        "kind": "consents",
        "purpose": "DUO:0000006",
        "height": pair[0].context.projection.height,
    }
    (cell,) = draft.document["cells"]
    assert abs(cell["people"] - PEOPLE // 2) < 40
    used = cohort.store.consents.get_latest(cohort.ids[0])
    assert (used.kind, used.content["digest"]) == ("use", draft.digest.hex())
    assert cohort.store.consents.get_latest(cohort.ids[-1]) is None


async def test_nobody_permits_it_and_nothing_is_shown(pair: Any) -> None:
    """Denial is the default; nor do people's own records pass for a published data set."""
    cohort = Cohort(pair[0], PEOPLE)

    with pytest.raises(RefusedError, match="nothing can be shown"):
        await cohort.compute()
    with pytest.raises(RefusedError, match="no public data set"):
        await cohort.compute(None)


async def test_the_operator_gets_a_persons_record_key(
    member_terminal: Terminal, few: Cohort
) -> None:
    """The one that the file of records says."""
    words = ("consent", "record-key", did_key(few.keys[0].public_key), "--home", few.node.home.root)
    said = await asyncio.to_thread(member_terminal.do, *words, "--json")

    key = json.loads(said[said.index("\n{") if not said.startswith("{") else 0 :])["record_key"]
    assert few.records.splitlines()[1].endswith(f",{key}")
