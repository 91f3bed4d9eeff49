"""Grants as FHIR: a foreign reader takes them, and finds what was signed."""

from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent
from pydantic import ValidationError

from config.errors import RefusedError
from did.consent.fhir import render_fhir_consents
from did.consent.policies import (
    CONSENT_TYPE,
    Act,
    ConsentClaims,
    Grant,
    Mandate,
    Revocation,
    read_stored_consent,
    render_consent,
)
from did.consent.terms import Purpose, Resource
from did.jws import sign_jws
from did.keys import KeyPair, did_key, did_key_verification_method

MEMBER, STEWARD = KeyPair(b"m" * 32), KeyPair(b"s" * 32)
PERSON = did_key(MEMBER.public_key)
COOPERATIVE = "did:web:ash.test"
NOW_S = 1_700_000_000
FIRST, SECOND, THIRD = "0a" * 16, "0b" * 16, "0c" * 16
MANDATE = "0d" * 16


def grant(number: str, **changes: Any) -> Grant:
    fields: dict[str, Any] = {
        "id": number,
        "grantee": "class:own-cooperative",
        "purposes": (Purpose.HEALTH_RESEARCH,),
        "resources": (Resource.RECORDS,),
        "from_s": NOW_S - 1_000,
        "until_s": NOW_S + 1_000,
    }
    return Grant(**{**fields, **changes})


def say(*acts: Act, mandate: str = "") -> list[str]:
    return [
        sign_jws(
            render_consent(
                ConsentClaims(
                    cooperative="00" * 32,
                    seq=number,
                    iat=NOW_S - 500 + number,
                    act=act,
                    mandate=mandate if isinstance(act, Grant) else "",
                )
            ),
            key=MEMBER,
            kid=did_key_verification_method(MEMBER.public_key),
            typ=CONSENT_TYPE,
        )
        for number, act in enumerate(acts, start=1)
    ]


def read(statements: list[str]) -> list[Consent]:
    """As a foreign system reads it: by the models of FHIR, then what these leave to invariants."""
    document = render_fhir_consents(statements, person=PERSON, cooperative=COOPERATIVE, now_s=NOW_S)
    bundle = Bundle.model_validate(document)
    assert bundle.type == "collection"
    assert len({item.fullUrl for item in bundle.entry or ()}) == len(bundle.entry or ())
    found = [item.resource for item in bundle.entry or ()]
    for item in found:
        assert isinstance(item, Consent)
        assert item.policyRule is not None or item.policy  # ppc-1
        assert item.patient is not None  # ppc-2 to ppc-4
        assert item.provision.period.start <= item.provision.period.end  # per-1
    return found


def test_a_live_grant_is_an_active_consent() -> None:
    """Who, to whom, what for, from when until when, kept by whom."""
    statements = say(grant(FIRST, purposes=tuple(Purpose), resources=tuple(Resource)))

    (consent,) = read(statements)

    assert consent.status == "active"
    assert consent.scope.coding[0].code == "patient-privacy"
    assert consent.patient.identifier.value == PERSON
    assert consent.performer[0].identifier.value == PERSON
    assert consent.organization[0].identifier.value == COOPERATIVE
    assert int(consent.dateTime.timestamp()) == NOW_S - 499
    provision = consent.provision
    assert provision.type == "permit"
    assert int(provision.period.start.timestamp()) == NOW_S - 1_000
    assert int(provision.period.end.timestamp()) == NOW_S + 1_000
    assert provision.actor[0].reference.identifier.value == COOPERATIVE
    assert [(item.system, item.code) for item in provision.purpose] == [
        ("http://purl.obolibrary.org/obo/duo.owl", "DUO:0000042"),
        ("http://purl.obolibrary.org/obo/duo.owl", "DUO:0000006"),
        ("http://purl.obolibrary.org/obo/duo.owl", "DUO:0000043"),
        ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HPAYMT"),
        ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HOPERAT"),
    ]
    assert [item.text for item in provision.code] == ["records", "statements", "register-entry"]


def test_the_signed_statement_goes_with_it() -> None:
    """Byte for byte: whoever relies on the consent checks that."""
    statements = say(grant(FIRST))

    (consent,) = read(statements)

    attached = consent.sourceAttachment.data.decode()  # the reader takes base64 off
    assert attached == statements[0]
    assert read_stored_consent(attached).act == grant(FIRST)
    assert consent.scope.coding[0].code == "research"


def test_past_grants_are_inactive_and_their_period_has_ended() -> None:
    """By revocation, or by time; a changed one has one resource, as it was said last."""
    statements = say(
        grant(FIRST),
        grant(SECOND, until_s=NOW_S),
        grant(THIRD),
        Revocation(id=FIRST),
        grant(THIRD, purposes=(Purpose.CLINICAL_CARE,)),
    )

    first, second, third = read(statements)

    assert [item.status for item in (first, second, third)] == ["inactive", "inactive", "active"]
    assert int(first.provision.period.end.timestamp()) == NOW_S - 496
    assert int(second.provision.period.end.timestamp()) == NOW_S
    assert (third.meta.versionId, third.provision.purpose[0].code) == ("2", "DUO:0000043")


def test_a_grant_that_was_revoked_before_it_began_has_no_time() -> None:
    """FHIR wants no period that runs backwards."""
    (consent,) = read(say(grant(FIRST, from_s=NOW_S + 10), Revocation(id=FIRST)))

    assert consent.provision.period.start == consent.provision.period.end
    assert consent.status == "inactive"


def test_a_stewards_grant_names_the_steward_and_ends_with_the_mandate() -> None:
    """As a related person; the mandate itself is no consent."""
    mandate = Mandate(
        id=MANDATE,
        steward=did_key(STEWARD.public_key),
        purposes=(Purpose.HEALTH_RESEARCH,),
        resources=(Resource.RECORDS,),
        from_s=NOW_S - 1_000,
        until_s=NOW_S + 1_000,
    )

    (live,) = read(say(mandate, grant(FIRST), mandate=MANDATE))
    (ended,) = read(say(mandate, grant(FIRST), Revocation(id=MANDATE), mandate=MANDATE))

    assert live.performer[0].identifier.value == did_key(STEWARD.public_key)
    assert live.performer[0].type == "RelatedPerson"
    assert (live.status, ended.status) == ("active", "inactive")


@pytest.mark.parametrize(
    ("grantee", "shown"),
    [
        ("did:web:birch.test", "did:web:birch.test"),
        ("class:own-cooperative", COOPERATIVE),
        ("class:federation", None),
    ],
)
def test_the_recipient_is_named_as_far_as_there_is_one(grantee: str, shown: str | None) -> None:
    """A class of many has a name that people read."""
    (consent,) = read(say(grant(FIRST, grantee=grantee)))

    reference = consent.provision.actor[0].reference
    assert (reference.identifier.value if reference.identifier else None) == shown
    assert (reference.display is None) == (shown is not None)


def test_the_reader_would_notice() -> None:
    """A misnamed or missing element is none that FHIR knows."""
    document = render_fhir_consents(
        say(grant(FIRST)), person=PERSON, cooperative=COOPERATIVE, now_s=NOW_S
    )
    whole = document["entry"][0]["resource"]
    Consent.model_validate(whole)

    for changed in (
        {**whole, "provisions": []},
        {name: value for name, value in whole.items() if name != "scope"},
        {**whole, "dateTime": "yesterday"},
        {**whole, "provision": {**whole["provision"], "purpose": "research"}},
    ):
        with pytest.raises(ValidationError):
            Consent.model_validate(changed)


def test_nobody_who_said_nothing_has_consents() -> None:
    """An empty bundle is one."""
    assert read([]) == []


def test_what_is_no_statement_is_refused() -> None:
    """As a node that lies would send."""
    with pytest.raises(RefusedError):
        read(["a.b.c"])


def test_an_id_with_a_line_end_is_refused() -> None:
    """The pattern of ids lets one pass; no resource is named so."""
    with pytest.raises(RefusedError, match="its id is none"):
        read(say(grant(f"{FIRST}\n")))
