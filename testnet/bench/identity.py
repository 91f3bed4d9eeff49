"""`rochdale bench identity`: what logins, resolutions and credentials cost.

Signatures and credentials are checked in this process, on one core, beside libsodium's bare
rate and didkit's. Logins and resolutions ask a real node, alone on its chain, over HTTP.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from testnet.bench.credential_rates import Rates, measure_rates
from testnet.bench.figure_table import show_figures
from testnet.bench.figures import Figure, Measured
from testnet.bench.identity_node import NodeTimes, measure_node
from testnet.bench.machine import Machine, describe_machine
from testnet.bench.report import write_file
from testnet.bench.run import check_writable
from testnet.bench.spread import compute_percentile

LOGIN = Figure(
    key="login_p95_ms",
    title="login, from the challenge to the first API answer, 20 in parallel, p95",
    at_least=150.0,
    aim=None,
    unit="ms",
)
RESOLVE = Figure(
    key="resolve_p95_ms",
    title="a ledger DID resolved with proof, one after the other, p95",
    at_least=20.0,
    aim=None,
    unit="ms",
    decimals=1,
)
ED25519 = Figure(
    key="ed25519_per_s",
    title="Ed25519 signatures of 300 bytes checked in a second, one core",
    at_least=5_000,
    aim=None,
    is_more_better=True,
)
JCS = Figure(
    key="jcs_per_s",
    title="eddsa-jcs-2022 membership credentials checked in a second, one core",
    at_least=1_500,
    aim=None,
    is_more_better=True,
)
SD_JWT = Figure(
    key="sdjwt_per_s",
    title="SD-JWT VC with key binding checked in a second, one core",
    at_least=1_000,
    aim=None,
    is_more_better=True,
)
FIGURES = (LOGIN, RESOLVE, ED25519, JCS, SD_JWT)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFigures:
    """What a run found."""

    judged: Mapping[str, Measured]
    rates: Rates
    times: NodeTimes


def run_identity_benchmark(*, is_quick: bool, json_path: Path | None, console: Console) -> None:
    """Measure, show, and write what was asked for.

    Raises:
        MisconfiguredError: The file cannot be written.
        RochdaleError: The node does not start, or answers wrongly.
    """
    check_writable(json_path, flag="--json")
    machine = describe_machine(Path.cwd())
    rates = measure_rates(seconds=0.3 if is_quick else 2.0)
    with tempfile.TemporaryDirectory(prefix="rochdale-bench-") as directory:
        times = asyncio.run(measure_node(Path(directory), is_quick=is_quick))
    found = IdentityFigures(judged=_judge(rates, times), rates=rates, times=times)
    _show(found, machine, console)
    if json_path is not None:
        text = json.dumps(_render(found, machine, is_quick=is_quick), indent=2)
        write_file(json_path, text + "\n", flag="--json")


def _judge(rates: Rates, times: NodeTimes) -> dict[str, Measured]:
    bare = rates.bare_per_s
    return {
        LOGIN.key: _measured_ms(times.logins_s),
        RESOLVE.key: _measured_ms(times.resolutions_s),
        ED25519.key: Measured(
            value=rates.ed25519_per_s, note=f"{rates.ed25519_per_s / bare:.0%} of libsodium's rate"
        ),
        JCS.key: Measured(
            value=rates.jcs_per_s,
            note=f"{rates.jcs_per_s / bare:.0%} of libsodium's rate for its one signature; "
            f"{rates.jcs_per_s / rates.didkit_per_s:.1f} times didkit's for VC 1.1",
        ),
        SD_JWT.key: Measured(
            value=rates.sdjwt_per_s,
            note=f"{2 * rates.sdjwt_per_s / bare:.0%} of libsodium's rate for its two signatures",
        ),
    }


def _measured_ms(taken_s: tuple[float, ...]) -> Measured:
    return Measured(
        value=compute_percentile(taken_s, 95) * 1e3,
        note=f"{len(taken_s)} of them, p50 {compute_percentile(taken_s, 50) * 1e3:.1f} ms",
    )


def _show(found: IdentityFigures, machine: Machine, console: Console) -> None:
    show_figures("What identities cost", FIGURES, found.judged, console)
    console.print(
        f"\nThe limit: PyNaCl alone checks {found.rates.bare_per_s:,.0f} signatures a second.\n"
        f"The peer: didkit checks {found.rates.didkit_per_s:,.0f} VC 1.1 credentials with "
        "Ed25519Signature2020 a second; it knows no VCDM 2.0.\n"
        f"{machine.processor}, {machine.cores} cores; Python {machine.python}; load before the "
        f"run {machine.load_before:.1f}.",
        highlight=False,
    )


def _render(found: IdentityFigures, machine: Machine, *, is_quick: bool) -> dict[str, object]:
    return {
        **{figure.key: found.judged[figure.key].value for figure in FIGURES},
        "mode": "quick" if is_quick else "full",
        "limit_per_s": found.rates.bare_per_s,
        "didkit_per_s": found.rates.didkit_per_s,
        "notes": {key: measured.note for key, measured in found.judged.items()},
        "load_before": machine.load_before,
    }
