"""Events as text and back."""

from typing import Any, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.acts import ActKind
from governance.body_acts import Stance
from governance.body_records import BodyKind
from governance.complaint_records import About, ComplaintStep, Verdict
from governance.dispute_records import DisputeStep, DisputeVerdict
from governance.duty_records import DutyKind
from governance.election_records import Method
from governance.event_codec import (
    _EVENTS,
    EventFormatError,
    decode_event,
    encode_event,
    hints_of,
)
from governance.events import BallotCast, Event
from governance.federal_records import CaseKind
from governance.proposal_records import Outcome, ProposalKind
from governance.records import CooperativeStatus, Standing
from governance.refusals import RefusalCode
from governance.value.contribution import Metric
from governance.value.records import Debt, Pool

hashes = st.binary(min_size=32, max_size=32)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    bytes: hashes | st.just(b""),
    int: st.integers(0, 2**63 - 1),
    str: st.text(max_size=20),
    bool: st.booleans(),
    ProposalKind: st.sampled_from(ProposalKind),
    Outcome: st.sampled_from(Outcome),
    RefusalCode: st.sampled_from(RefusalCode),
    ActKind: st.sampled_from(ActKind),
    CaseKind: st.sampled_from(CaseKind),
    CooperativeStatus: st.sampled_from(CooperativeStatus),
    Standing: st.sampled_from(Standing),
    BodyKind: st.sampled_from(BodyKind),
    About: st.sampled_from(About),
    ComplaintStep: st.sampled_from(ComplaintStep),
    Verdict: st.sampled_from(Verdict),
    DisputeStep: st.sampled_from(DisputeStep),
    DisputeVerdict: st.sampled_from(DisputeVerdict),
    DutyKind: st.sampled_from(DutyKind),
    Stance: st.sampled_from(Stance),
    Method: st.sampled_from(Method),
    Metric: st.sampled_from(Metric),
    Pool: st.sampled_from(Pool),
    Debt: st.sampled_from(Debt),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field: one, or as many as a list may have."""
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        items = hashes if item is bytes else VALUES[item]
        return st.lists(items, max_size=3).map(tuple)
    return VALUES[hint]


all_events = st.one_of(
    st.builds(
        event,
        **{name: values_of(hint) for name, hint in hints_of(event)},
    )
    for event in _EVENTS.values()
)


@given(all_events)
def test_an_event_survives_its_text(event: Event) -> None:
    """Readers of the chain get back what the rules said, in any order of attributes."""
    kind, attributes = encode_event(event)

    assert kind == f"rochdale.{type(event).__name__}"
    assert decode_event(kind, [("unknown", "x"), *reversed(attributes)]) == event


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("rochdale.Nothing", []),
        ("tx", []),
        ("rochdale.BallotCast", [("cooperative", "00")]),
        ("rochdale.DiscussionOpened", [("cooperative", "0"), ("proposal", ""), ("ends_ms", "1")]),
        ("rochdale.DiscussionOpened", [("cooperative", ""), ("proposal", ""), ("ends_ms", "x")]),
        (
            "rochdale.BallotCast",
            [("cooperative", ""), ("proposal", ""), ("ballot", ""), ("replaced", "1")],
        ),
        (
            "rochdale.ProposalVoided",
            [("cooperative", ""), ("proposal", ""), ("refusal", "no such")],
        ),
    ],
)
def test_refuses_what_is_no_event(kind: str, attributes: list[tuple[str, str]]) -> None:
    """The engine's own events and malformed ones are not ours."""
    with pytest.raises(EventFormatError):
        decode_event(kind, attributes)


def test_no_event_says_how_somebody_voted() -> None:
    """Events are indexed and copied: a choice never leaves state through one."""
    names = [name for name, _ in hints_of(BallotCast)]

    assert "choice" not in names
    assert "account" not in names
