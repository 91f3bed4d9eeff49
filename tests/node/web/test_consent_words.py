"""Nobody permits what they cannot read: each term of a consent has words."""

from did.consent.terms import GranteeClass, Purpose, Resource
from node.web.consent_words import GRANTEES, PURPOSES, RESOURCES


def test_each_term_has_words_of_its_own() -> None:
    """Also a term that is added later."""
    for words, terms in ((PURPOSES, Purpose), (RESOURCES, Resource), (GRANTEES, GranteeClass)):
        assert set(words) == set(terms)
        assert len(set(words.values())) == len(words)
