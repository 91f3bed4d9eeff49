"""docs/value.md says what is true."""

import re
from pathlib import Path

from config.limits import COMMITMENTS_MIN
from governance.bylaws_tables import (
    CAPITAL_MINOR_MIN,
    DATA_BANDS,
    ENDOWMENT_SPEND_BPS_MAX,
    LEGAL_RESERVE_BPS_MIN,
)
from governance.charge_records import Charge
from governance.value.allocation import CONTRIBUTION_BPS, EQUAL_BPS, NEED_BPS
from governance.value.chart import LEGAL_RESERVE, STANDARD, Access
from governance.value.commitments import SECOND_GENERATOR
from governance.value.contribution import ATTESTORS, DataBand, Metric
from governance.value.need import PROOF_BYTES, NeedBand
from tests.bylaws import PRESETS, load_preset

PAGE = (Path(__file__).parents[3] / "docs" / "value.md").read_text(encoding="utf-8")
WRITERS = {
    Access.OPEN: "officers and rules",
    Access.FUND: "rules fill it, officers spend it",
    Access.RULES: "rules",
}


def test_every_standard_account_is_on_the_page_with_its_writers() -> None:
    """The chart that books begin with."""
    rows = re.findall(r"^\| (\d{4}) \| [^|]+ \| ([^|]+) \|$", PAGE, flags=re.MULTILINE)

    assert {int(code): text.split(", and")[0] for code, text in rows} == {
        code: WRITERS[access] for code, access in STANDARD.items()
    }
    assert f"| {LEGAL_RESERVE} | legal reserve | rules, and never a debit |" in PAGE


def test_every_metric_is_on_the_page_with_its_attestor() -> None:
    """By number and name."""
    rows = re.findall(r"^\| (\d) ([a-z ]+) \| [^|]+ \| ([^|]+) \|$", PAGE, flags=re.MULTILINE)

    assert [(int(number), name.replace(" ", "_").upper()) for number, name, _ in rows] == [
        (metric.value, metric.name) for metric in Metric
    ]
    named = [{*attestor.lower().split()} - {"of", "the"} for *_, attestor in rows]
    assert named == [{*role.name.lower().split("_")} for role in ATTESTORS.values()]


def test_every_charge_is_on_the_page() -> None:
    """With its stand-in, in the table that ends with who attests."""
    table = PAGE[PAGE.index("| charge | does | stand-in |") :]
    named = [charge.name.lower().replace("_", " ") for charge in Charge]

    assert [name for name in named if name not in table] == []


def test_figures_on_the_page_are_the_ones_that_hold() -> None:
    """Numbers in a text grow stale in silence."""
    assert (EQUAL_BPS, CONTRIBUTION_BPS, NEED_BPS) == (4_000, 4_000, 2_000)
    assert [band.value for band in NeedBand] == [0, 1, 2, 4]
    assert [band.value for band in DataBand] == [0, 1, 2]
    assert max(DataBand) == DATA_BANDS
    assert all(
        load_preset(path.stem)["value"]["data_permille"] == 0 for path in PRESETS.glob("*.toml")
    )
    for sentence in (
        SECOND_GENERATOR.hex(),
        f"at least {LEGAL_RESERVE_BPS_MIN // 100} %",
        f"minimum capital ({CAPITAL_MINOR_MIN // 100:,}.00 or more)",
        f"at most {ENDOWMENT_SPEND_BPS_MAX // 100} % a period",
        f"At least {COMMITMENTS_MIN} slots",
        f"{PROOF_BYTES} bytes",
    ):
        assert sentence in PAGE
