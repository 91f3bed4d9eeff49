"""What a requesting party gets: what they ask for, and a live grant permits. Nothing else."""

from did.consent.assessment import RequestingParty, find_permitted, merge_permissions
from did.consent.evaluation import Consents, LiveGrant
from did.consent.policies import Grant
from did.consent.terms import Purpose, Resource
from did.consent.tickets import Permission

OWN, PARTNER, CLINICIAN = "did:web:ash.test", "did:web:birch.test", "did:key:z6MkClinician"
RESOURCE, OTHER = "ab" * 16, "cd" * 16
KINDS = {RESOURCE: Resource.STATEMENTS, OTHER: Resource.REGISTER_ENTRY}
PARTY = RequestingParty(did=CLINICIAN)


def find(*asked: Permission, party: RequestingParty = PARTY, now_s: int = 50, **grant: object):
    fields = {
        "id": "11" * 16,
        "grantee": CLINICIAN,
        "purposes": (Purpose.CLINICAL_CARE,),
        "resources": (Resource.STATEMENTS,),
        "from_s": 10,
        "until_s": 100,
    }
    made = Grant(**{**fields, **grant})
    return find_permitted(
        asked,
        party=party,
        kinds=KINDS,
        consents=Consents(grants={made.id: LiveGrant(grant=made)}, mandates={}),
        now_s=now_s,
        own_cooperative=OWN,
        federation=frozenset({OWN, PARTNER}),
    )


def ask(resource: str = RESOURCE, *purposes: Purpose) -> Permission:
    return Permission(resource_id=resource, resource_scopes=purposes or (Purpose.CLINICAL_CARE,))


def test_permits_what_is_asked_and_granted() -> None:
    """Until the grant ends."""
    found = find(ask())

    assert found.permissions == (ask(),)
    assert (found.until_s, found.grants) == (100, ("11" * 16,))


def test_permits_no_more_than_is_granted() -> None:
    """Of several purposes and resources those alone that a grant names."""
    found = find(ask(RESOURCE, Purpose.CLINICAL_CARE, Purpose.PAYMENT), ask(OTHER))

    assert found.permissions == (ask(),)


def test_nothing_is_the_default() -> None:
    """Another party, time, resource or purpose; a resource that is nobody's."""
    denied = [
        find(ask(), party=RequestingParty(did="did:key:zOther")),
        find(ask(), now_s=100),
        find(ask(), now_s=9),
        find(ask(OTHER)),
        find(ask(RESOURCE, Purpose.HEALTH_RESEARCH)),
        find(ask("ef" * 16)),
        find(),
    ]

    assert all(item.permissions == () and item.until_s == 0 for item in denied)


def test_whoever_holds_a_role_in_a_cooperative_asks_for_it_too() -> None:
    """A grant to the federation's cooperatives counts for them, and for nobody else."""
    party = RequestingParty(did=CLINICIAN, acts_for=PARTNER)

    permitted = find(ask(), party=party, grantee="class:federation")
    alone = find(ask(), grantee="class:federation")
    outside = find(
        ask(),
        party=RequestingParty(did=CLINICIAN, acts_for="did:web:far.test"),
        grantee="class:federation",
    )

    assert permitted.permissions == (ask(),)
    assert (alone.permissions, outside.permissions) == ((), ())


def test_permissions_are_merged_by_resource() -> None:
    """An upgraded token says each resource once."""
    merged = merge_permissions(
        (ask(), ask(OTHER)), (ask(RESOURCE, Purpose.CLINICAL_CARE, Purpose.PAYMENT),)
    )

    assert merged == (ask(RESOURCE, Purpose.CLINICAL_CARE, Purpose.PAYMENT), ask(OTHER))
