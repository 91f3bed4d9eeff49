"""The real worker, run as the node runs it, on real and on hostile records."""

import csv
import io
import json
import math
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest

import node.aggregates
import testnet
from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import RECORDS_BYTES_MAX
from federation.aggregate import AgeBand, Sex
from federation.budget import BudgetAccount, BudgetExceededError, create_budget_table, list_charges
from node.aggregate_request import AggregateRequest, parse_request, render_request
from node.aggregate_worker import make_measurement
from node.aggregates import compute_paid_aggregate, run_aggregate_worker

_DATA = Path(testnet.__file__).parent / "data" / "heart_disease_uci.csv"
_SAMPLES = 20_000
_ACCOUNT = BudgetAccount(dataset="heart", period="2026")


def _site_records(site: str) -> str:
    with _DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    kept = [rows[0], *(row for row in rows[1:] if row[3] == site)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows(kept)
    return text.getvalue()


def _request(tmp_path: Path, text: str, *, site: str = "Site") -> AggregateRequest:
    records = tmp_path / "records.csv"
    records.write_text(text, encoding="utf-8")
    records.chmod(0o600)
    return AggregateRequest(records=records, site=site, epsilon_millionths=500_000, permitted=None)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        create_budget_table(opened)
        yield opened


def test_a_site_with_enough_people_is_shown(tmp_path: Path) -> None:
    """Cleveland's 91 men in their fifties are a cell of their own, near the true counts."""
    aggregate = run_aggregate_worker(
        _request(tmp_path, _site_records("Cleveland"), site="Cleveland")
    )

    (cell,) = [
        cell
        for cell in aggregate.cells
        if cell.group.sex is Sex.MALE and cell.group.age_bands == (AgeBand.FROM_50_TO_59,)
    ]
    # Off by 40 happens about once in 10^8 runs.
    assert abs(cell.people - 91) < 40
    assert abs(cell.with_condition - 50) < 40


def test_the_ten_women_of_switzerland_never_show(tmp_path: Path) -> None:
    """Ten women, with noise, do not reach fifty; the site's men always show in some cell."""
    request = _request(tmp_path, _site_records("Switzerland"), site="Switzerland")

    aggregates = [run_aggregate_worker(request) for _ in range(6)]

    for aggregate in aggregates:
        assert aggregate.cells
        assert {cell.group.sex for cell in aggregate.cells} == {Sex.MALE}
        assert Sex.FEMALE in {group.sex for group in aggregate.suppressed}


def test_the_noise_differs_between_runs(tmp_path: Path) -> None:
    """The randomness is the kernel's, not a fixed seed."""
    request = _request(tmp_path, _site_records("Hungary"), site="Hungary")

    assert len({run_aggregate_worker(request) for _ in range(4)}) > 1


@pytest.mark.parametrize("millionths", [100_000, 300_000, 333_333, 500_000, 700_001, 1_000_000])
def test_opendp_proves_that_the_noise_costs_no_more_than_stated(millionths: int) -> None:
    """The privacy map at one person is at most ε, compared exactly."""
    cost = make_measurement(millionths).map(1)

    assert Fraction(cost) <= Fraction(millionths, 1_000_000)
    assert cost == pytest.approx(millionths / 1_000_000)


def test_the_noise_is_discrete_laplace_of_scale_two() -> None:
    """ε = 0.5 means P(x) = (1 - r) / (1 + r) r^|x| with r = exp(-0.5); chi-square over 19 bins."""
    ratio = math.exp(-0.5)
    samples = Counter(make_measurement(500_000)([0] * _SAMPLES))
    expected = {x: (1 - ratio) / (1 + ratio) * ratio ** abs(x) for x in range(-8, 9)}
    tail = ratio**9 / (1 + ratio)

    observed = [samples[x] for x in expected]
    observed += [sum(n for x, n in samples.items() if x * sign > 8) for sign in (-1, 1)]
    wanted = [_SAMPLES * p for p in [*expected.values(), tail, tail]]

    assert sum(wanted) == pytest.approx(_SAMPLES)
    chi_square = sum((o - w) ** 2 / w for o, w in zip(observed, wanted, strict=True))
    # 18 degrees of freedom: beyond 75 once in ten million runs.
    assert chi_square < 75


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id,age,sex\n1,63,Male\n",
        "id,age,sex,dataset,num\n1,CANARY,Male,Site,0\n",
        "id,age,sex,dataset,num\n1,63,Male,CANARY,0\n",
        "id,age,sex,dataset,num\n1,63,Male,Site,0\n1,63,Male,Site,CANARY\n",
        'id,age,sex,dataset,num\n1,63,"CANARY,Site,0\n',
        "id,age,sex,dataset,num\n1,63,Male,Site,0,CANARY\n",
    ],
)
def test_refuses_malformed_records_without_a_value_of_them(tmp_path: Path, text: str) -> None:
    """One sentence, no traceback, nothing from the file."""
    request = _request(tmp_path, text)

    with pytest.raises(RefusedError) as refusal:
        run_aggregate_worker(request)

    assert "records" in refusal.value.reason or "line" in refusal.value.reason
    assert "CANARY" not in refusal.value.reason
    assert "\n" not in refusal.value.reason


def test_refuses_another_sites_records(tmp_path: Path) -> None:
    """A cooperative that was given the whole data set counts none of it."""
    request = _request(tmp_path, _DATA.read_text(encoding="utf-8"), site="Switzerland")

    with pytest.raises(RefusedError, match="another site"):
        run_aggregate_worker(request)


def test_refuses_a_file_that_is_too_long(tmp_path: Path) -> None:
    """Its size is read before its content."""
    request = _request(tmp_path, "")
    os.truncate(request.records, RECORDS_BYTES_MAX + 1)

    with pytest.raises(RefusedError, match="longer than"):
        run_aggregate_worker(request)


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "link", "device"])
def test_refuses_what_is_no_plain_file(tmp_path: Path, kind: str) -> None:
    """No waiting on pipes, no following of links."""
    records = tmp_path / "records.csv"
    if kind == "directory":
        records.mkdir()
    elif kind == "pipe":
        os.mkfifo(records)
    elif kind == "link":
        records.symlink_to(_DATA)
    elif kind == "device":
        records = Path("/dev/zero")

    with pytest.raises(RefusedError, match=r"cannot be opened|not a plain file"):
        run_aggregate_worker(
            AggregateRequest(
                records=records, site="Site", epsilon_millionths=500_000, permitted=None
            )
        )


def test_the_worker_prints_the_noised_table_and_nothing_else(tmp_path: Path) -> None:
    """Values of records that are in no table appear in neither output."""
    text = "id,age,sex,dataset,num,note\n" + "".join(
        f"CANARY-{person},55,Male,Site,1,CANARY\n" for person in range(100)
    )
    done = subprocess.run(
        [sys.executable, "-m", "node.aggregate_worker"],
        input=render_request(_request(tmp_path, text)),
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0
    assert done.stderr == b""
    assert b"CANARY" not in done.stdout
    assert set(json.loads(done.stdout)) == {"epsilon", "cellPeopleMin", "cells", "suppressed"}


def test_an_unforeseen_failure_shows_only_its_kind(tmp_path: Path) -> None:
    """A traceback or message could quote a record."""
    code = (
        "import sys\n"
        "import node.aggregate_worker as worker\n"
        "def fail(data, *, site, permitted): raise ValueError(data)\n"
        "worker.count_records = fail\n"
        "sys.exit(worker.main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=render_request(_request(tmp_path, "CANARY")),
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 70
    assert done.stdout == b""
    assert done.stderr == b"the aggregate worker failed (ValueError)\n"


def test_fails_closed_where_user_namespaces_are_switched_off(
    tmp_path: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On such a machine no record is read, and no ε is spent."""
    off = "echo 0 > /proc/sys/user/max_user_namespaces && exec "
    command = f"{off}{sys.executable} -m node.aggregate_worker"
    monkeypatch.setattr(
        node.aggregates, "_ARGUMENTS", ("unshare", "--map-root-user", "sh", "-c", command)
    )
    request = _request(tmp_path, _site_records("Cleveland"), site="Cleveland")

    with pytest.raises(MisconfiguredError, match="so it does not start"):
        _pay(connection, request)

    assert list_charges(connection, _ACCOUNT) == []


def _pay(connection: sqlite3.Connection, request: AggregateRequest) -> object:
    return compute_paid_aggregate(
        connection,
        request,
        account=_ACCOUNT,
        now_ms=1,
    )


def test_the_third_release_of_a_period_is_refused(
    tmp_path: Path, connection: sqlite3.Connection
) -> None:
    """Two of ε = 0.5 are the whole budget; no third worker is started."""
    request = _request(tmp_path, _site_records("Cleveland"), site="Cleveland")
    _pay(connection, request)
    _pay(connection, request)
    request.records.unlink()  # a worker would now refuse for another reason

    with pytest.raises(BudgetExceededError):
        _pay(connection, request)

    charges = list_charges(connection, _ACCOUNT)
    assert [charge.is_settled for charge in charges] == [True, True]


def test_a_refusal_costs_nothing(tmp_path: Path, connection: sqlite3.Connection) -> None:
    """Records are judged before any noise is drawn."""
    with pytest.raises(RefusedError):
        _pay(connection, _request(tmp_path, "not a table"))

    assert list_charges(connection, _ACCOUNT) == []


def test_a_worker_that_dies_costs_its_epsilon(
    tmp_path: Path, connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it had drawn noise."""
    monkeypatch.setattr(
        node.aggregates, "_ARGUMENTS", (sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    )

    with pytest.raises(UnavailableError, match="ended early"):
        _pay(connection, _request(tmp_path, ""))

    (charge,) = list_charges(connection, _ACCOUNT)
    assert charge.epsilon_millionths == 500_000
    assert not charge.is_settled


@pytest.mark.parametrize("permitted", [None, frozenset(), frozenset({"0a" * 16, "0b" * 16})])
def test_a_request_reads_back_what_it_wrote(permitted: frozenset[str] | None) -> None:
    """Both ends of the pipe agree."""
    request = AggregateRequest(
        records=Path("/r.csv"), site="Site", epsilon_millionths=500_000, permitted=permitted
    )

    assert parse_request(render_request(request)) == request


@pytest.mark.parametrize(
    "change",
    [
        {"records": "relative.csv"},
        {"records": 5},
        {"records": "/a\0b"},
        {"site": ""},
        {"site": None},
        {"epsilon": "2"},
        {"epsilon": 0.5},
        {"permitted": "all"},
        {"permitted": ["0a"]},
        {"permitted": [5]},
        {"permitted": ["0a" * 16] * 100_001},
        {"cellPeopleMin": 49},
        {"cellPeopleMin": True},
        {"more": 1},
    ],
)
def test_refuses_a_request_that_breaks_a_limit(change: dict[str, object]) -> None:
    """The worker trusts its caller no further than the charter."""
    request = AggregateRequest(
        records=Path("/r.csv"), site="Site", epsilon_millionths=500_000, permitted=None
    )
    value = json.loads(render_request(request)) | change

    with pytest.raises(RefusedError):
        parse_request(json.dumps(value).encode())


def test_no_other_process_imports_opendp() -> None:
    """Its memory is paid by the worker alone, and only once it left the network."""
    code = "import sys, node.aggregates, node.aggregate_worker; print('opendp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
