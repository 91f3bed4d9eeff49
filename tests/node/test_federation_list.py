"""What `rochdale federation list` says of motions, for people who are to approve them."""

import pytest

from config.errors import RefusedError
from governance.acts import FederalAct, ScheduleUpgrade, StopValidator, WithdrawUpgrade
from governance.records import CooperativeStatus, Upgrade
from node.commands.federation_list import describe, render_act, show
from node.federation_office import FederationView
from node.web.registry import KnownCooperative

ASH, BIRCH = bytes([1]) * 32, bytes([2]) * 32
NAMES = {ASH: "Ash", BIRCH: "Birch"}
LEAVES_AT_MS = 1_800_000_000_000  # 2027-01-15 08:00 UTC


def cooperative(identifier: bytes, name: str, *, leaves_at_ms: int = 0) -> KnownCooperative:
    return KnownCooperative(
        id=identifier,
        name=name,
        did=f"did:web:{name.lower()}.test",
        origin=f"https://{name.lower()}.test",
        root_key=bytes(32),
        assertion_key=bytes(32),
        validator_address=b"",
        node_id="",
        p2p_address="",
        status=CooperativeStatus.LEAVING if leaves_at_ms else CooperativeStatus.ACTIVE,
        leaves_at_ms=leaves_at_ms,
    )


def view(*cooperatives: KnownCooperative) -> FederationView:
    return FederationView(cooperatives=cooperatives, motions=(), cases=())


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (
            ScheduleUpgrade(
                upgrade=Upgrade(height=900, rules_version=2, software_version_min="1.4.0")
            ),
            "schedule upgrade to rules 2 at height 900, with software 1.4.0 or newer",
        ),
        (WithdrawUpgrade(), "withdraw upgrade"),
        (StopValidator(cooperative=BIRCH), "stop validator Birch"),
    ],
)
def test_an_act_is_told_with_all_that_is_approved(act: FederalAct, words: str) -> None:
    """What software the others will need, too; and nobody who is not meant."""
    assert render_act(act, ASH, NAMES) == words


def test_who_leaves_is_shown_with_the_end_of_the_notice(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then it votes, and its signature counts."""
    monkeypatch.setenv("COLUMNS", "200")
    found = view(cooperative(ASH, "Ash"), cooperative(BIRCH, "Birch", leaves_at_ms=LEAVES_AT_MS))

    show(found, chain_id="test-1")

    assert "member, leaving on 2027-01-15 08:00 UTC" in capsys.readouterr().out
    assert [item["leaves_at_ms"] for item in describe(found)["cooperatives"]] == [
        None,
        LEAVES_AT_MS,
    ]


def test_a_name_is_found_however_it_is_capitalized() -> None:
    """Two that differ in nothing else are told apart by their ids."""
    found = view(cooperative(ASH, "Ash"), cooperative(BIRCH, "Birch"))

    assert found.find_cooperative("birch").id == BIRCH
    with pytest.raises(RefusedError, match="or several"):
        view(cooperative(ASH, "Ash"), cooperative(BIRCH, "ASH")).find_cooperative("ash")
