"""Which use is permitted, against a model that has only lists."""

from hypothesis import given
from hypothesis import strategies as st

from did.consent.evaluation import Use, compute_consents, is_use_permitted
from did.consent.policies import ConsentClaims, Grant, Mandate, Revocation
from did.consent.terms import Purpose, Resource

_OWN = "did:web:own.example"
_FEDERATION = frozenset({"did:web:partner.example"})
_GRANTEES = (_OWN, "did:web:partner.example", "did:key:z6Mkstranger")
_IDS = tuple(f"{number:032x}" for number in range(4))
_NAMED = (*_GRANTEES, "class:own-cooperative", "class:federation")


def _terms(kind: type[Purpose] | type[Resource]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.sampled_from(list(kind)), min_size=1, max_size=3, unique=True).map(tuple)


_grants = st.builds(
    Grant,
    id=st.sampled_from(_IDS[:2]),
    grantee=st.sampled_from(_NAMED),
    purposes=_terms(Purpose),
    resources=_terms(Resource),
    from_s=st.integers(0, 4),
    until_s=st.integers(5, 9),
)
_mandates = st.builds(
    Mandate,
    id=st.sampled_from(_IDS[2:]),
    steward=st.just("did:key:z6Mksteward"),
    purposes=_terms(Purpose),
    resources=_terms(Resource),
    from_s=st.just(0),
    until_s=st.just(9),
)
_claims = st.builds(
    ConsentClaims,
    cooperative=st.just("07" * 32),
    seq=st.just(1),
    iat=st.just(0),
    act=_grants | _mandates | st.builds(Revocation, id=st.sampled_from(_IDS)),
    mandate=st.sampled_from(("", *_IDS[2:])),
)
_uses = st.builds(
    Use,
    grantee=st.sampled_from(_GRANTEES),
    purpose=st.sampled_from(Purpose),
    resource=st.sampled_from(Resource),
    at_s=st.integers(0, 10),
)


def _is_permitted_by_model(statements: list[ConsentClaims], use: Use) -> bool:
    """Look at each grant, and then for anything later that ends it."""
    for place, claims in enumerate(statements):
        act = claims.act
        if not isinstance(act, Grant):
            continue
        later = [item.act for item in statements[place + 1 :]]
        ended = any(item.id == act.id for item in later) or any(
            not isinstance(item, Grant) and item.id == claims.mandate for item in later
        )
        granted = set(act.purposes)
        if Purpose.GENERAL_RESEARCH in granted:
            granted.add(Purpose.HEALTH_RESEARCH)
        named = {
            "class:own-cooperative": {_OWN},
            "class:federation": {_OWN, *_FEDERATION},
        }.get(act.grantee, {act.grantee})
        in_time = act.from_s <= use.at_s < act.until_s
        if (
            not ended
            and in_time
            and use.purpose in granted
            and use.resource in act.resources
            and use.grantee in named
        ):
            return True
    return False


@given(st.lists(_claims, max_size=8), _uses)
def test_evaluation_agrees_with_the_model(statements: list[ConsentClaims], use: Use) -> None:
    """Grants, changes, revocations and mandates in any order."""
    permitted = is_use_permitted(
        compute_consents(statements), use, own_cooperative=_OWN, federation=_FEDERATION
    )

    assert permitted == _is_permitted_by_model(statements, use)


@given(_uses)
def test_nothing_is_permitted_by_default(use: Use) -> None:
    """Not even to one's own cooperative."""
    assert not is_use_permitted(
        compute_consents(()), use, own_cooperative=_OWN, federation=_FEDERATION
    )
