"""Transactions as files: what people write is what is signed, or they learn what is wrong."""

import tomllib

import pytest

from governance.body_acts import Veto
from governance.body_records import BodyKind
from governance.body_transactions import Nominate, ProposeBodyAct
from governance.bylaws import parse_bylaws
from governance.member_acts import ChangeBylaws, FundItems
from governance.proposal_records import ProposalKind
from governance.transactions import CastBallot, SubmitProposal
from node.payload_files import PayloadFileError, parse_payload
from tests.bylaws import load_preset, render_toml

COOPERATIVE = b"c" * 32
ID = "ab" * 32
BALLOT = f'transaction = "CastBallot"\nproposal_id = "{ID}"\n'


def read(text: str) -> object:
    return parse_payload(tomllib.loads(text), cooperative=COOPERATIVE)


def test_a_file_says_what_an_officer_asks_a_body_to_do() -> None:
    """Named numbers by their names, an act by its name, hashes in hexadecimal."""
    found = read(f"""
        transaction = "ProposeBodyAct"
        body = "privacy"
        act = {{ name = "Veto", proposal = "{ID}", reasons_hash = "{ID}" }}
    """)

    act = Veto(proposal=bytes.fromhex(ID), reasons_hash=bytes.fromhex(ID))
    assert found == ProposeBodyAct(cooperative=COOPERATIVE, body=BodyKind.PRIVACY, act=act)


def test_a_proposal_may_carry_an_act_or_none() -> None:
    """What has a default may be left out."""
    plain = read(
        f'transaction = "SubmitProposal"\nkind = "ordinary"\nsubject = ""\ntext_hash = "{ID}"'
    )
    items = ", ".join(f'"{number:02x}' + "00" * 31 + '"' for number in (1, 2, 3))
    budget = read(f"""
        transaction = "SubmitProposal"
        kind = "budget"
        subject = ""
        text_hash = "{ID}"
        [act]
        name = "FundItems"
        items = [{items}]
        pool_minor = 100
        cap_minor = 0
    """)

    assert isinstance(plain, SubmitProposal)
    assert (plain.kind, plain.act) == (ProposalKind.ORDINARY, None)
    assert isinstance(budget, SubmitProposal)
    assert isinstance(budget.act, FundItems)
    assert len(budget.act.items) == 3


def test_bylaws_stand_in_the_file_as_in_their_own() -> None:
    """The same tables, checked against the same floors."""
    tables = render_toml(load_preset("national")).replace("[", "[act.bylaws.")
    head = f'transaction = "SubmitProposal"\nkind = "constitutional"\ntext_hash = "{ID}"\n'
    text = f'{head}subject = ""\n[act]\nname = "ChangeBylaws"\n[act.bylaws]\n{tables}'

    found = read(text)

    assert isinstance(found, SubmitProposal)
    assert found.act == ChangeBylaws(bylaws=parse_bylaws(load_preset("national")))
    with pytest.raises(PayloadFileError, match="discussion_s is 1"):
        read(text.replace("discussion_s = 1209600", "discussion_s = 1", 1))


def test_marks_are_a_list_of_numbers() -> None:
    """A ballot names options by their places."""
    ballot = read(f'transaction = "CastBallot"\nproposal_id = "{ID}"\nchoice = [2, 0, 1]')
    plain = read(f'transaction = "CastBallot"\nproposal_id = "{ID}"\nchoice = "yes"')

    assert isinstance(ballot, CastBallot)
    assert ballot.choice == b"\x02\x00\x01"
    assert isinstance(plain, CastBallot)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "transaction is one of"),
        ('transaction = "Nothing"', "transaction is one of"),
        ('transaction = "Nominate"', "proposal_id is missing"),
        (f'transaction = "Nominate"\nproposal = "{ID}"', "unknown field proposal"),
        ('transaction = "Nominate"\nproposal_id = "XY"', "hexadecimal"),
        ('transaction = "Nominate"\nproposal_id = 7', "hexadecimal"),
        (
            f'transaction = "CastBallot"\nproposal_id = "{ID}"\nchoice = "perhaps"',
            "no, yes, abstain",
        ),
        (f'transaction = "CastBallot"\nproposal_id = "{ID}"\nchoice = [256]', "0 to 255"),
        ('transaction = "ProposeBodyAct"\nbody = "privacy"\nact = 3', "act is a table"),
        ('transaction = "OpenOffices"\ninceptions = 3', "inceptions is a list"),
        ('transaction = "OpenOffices"\ninceptions = [3]', r"inceptions\[0\] is a table"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_its_field(text: str, message: str) -> None:
    """Nothing half-read is ever signed."""
    with pytest.raises(PayloadFileError, match=message):
        read(text)


def test_sizes_are_checked_before_anything_is_sent() -> None:
    """An id of five bytes is none."""
    text = f'transaction = "Nominate"\nproposal_id = "{"ab" * 5}"\n'
    text += f'statement_hash = "{ID}"\nsalt_commitment = "{ID}"'

    with pytest.raises(PayloadFileError, match="proposal_id"):
        read(text)
    assert isinstance(read(text.replace('"' + "ab" * 5 + '"', f'"{ID}"')), Nominate)
