"""What a run found, as JSON for scripts."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from config.errors import MisconfiguredError
from testnet.bench.figures import FIGURES, Figure, Measured
from testnet.bench.results import Results
from testnet.bench.throughput import Rounds, Session

COSMOS_SHARE = 1 / 15
COSMOS = (
    "Not measured here: Cosmos SDK v0.53.8, which does check signatures and keep a tree, commits "
    "1/15 of what the in-process kvstore does (757-902 x/gov votes/s, one validator, an earlier "
    "measurement on a machine of this kind)."
)
PYTHON_PEER = (
    "The Python package `abci` 0.8.3 cannot take part: it speaks Tendermint 0.34 (BeginBlock, "
    "DeliverTx, zig-zag lengths), which this engine does not, and its generated code refuses "
    "protobuf 4 and later."
)
QUICK_CAVEAT = (
    "A quick run takes single, smaller bursts, in which the engine's pause of 1 s after each "
    "commit weighs more: ratios come out higher than in a full run, which is what counts."
)


def save_report(results: Results, path: Path) -> None:
    """Write everything as JSON: the table's keys, and beside them where they come from.

    Raises:
        MisconfiguredError: The file cannot be written.
    """
    write_file(path, json.dumps(render_json(results), indent=2) + "\n", flag="--json")


def write_file(path: Path, text: str, *, flag: str) -> None:
    """Write a file that the command line named.

    Raises:
        MisconfiguredError: It cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MisconfiguredError(
            f"{path} cannot be written ({error.strerror}): name another file with {flag}"
        ) from error


def render_json(results: Results) -> dict[str, object]:
    """The JSON document."""
    judged = results.judge()
    return {
        **{figure.key: judged[figure.key].value for figure in FIGURES},
        "mode": "quick" if results.is_quick else "full",
        "seconds": round(results.seconds, 1),
        "figures": {figure.key: _render_figure(figure, judged[figure.key]) for figure in FIGURES},
        "throughput": [
            session
            for rounds in (results.alone, results.together)
            if rounds is not None
            for session in _render_sessions(rounds)
        ],
        "profile_us": None
        if results.alone is None or results.alone.profile is None
        else asdict(results.alone.profile),
        "sizes": [
            asdict(size)
            | {
                "sha_ratio": size.sha_ratio,
                "ballots_per_s": size.ballots_per_s,
                "ballot_cpu_us": size.ballot_cpu_us,
                "queries": {"count": len(size.queries.latencies_s)},
            }
            for size in results.sizes
        ],
        "limits": None if results.bare is None else asdict(results.bare),
        "state_sync": None if results.state_sync is None else asdict(results.state_sync),
        "disk": None
        if results.disk is None
        else asdict(results.disk) | {"year_gib": results.disk.year_gib},
        "elsewhere": [COSMOS, PYTHON_PEER],
        "machine": asdict(results.machine),
    }


def _render_figure(figure: Figure, measured: Measured) -> dict[str, object]:
    return {
        "title": figure.title,
        "unit": figure.unit,
        "value": measured.value,
        "at_least": figure.at_least,
        "aim": figure.aim,
        "is_more_better": figure.is_more_better,
        "held": figure.is_held(measured.value),
        "verdict": figure.judge(measured.value),
        "spread": None if measured.spread is None else measured.spread.to_json(),
        "note": measured.note,
    }


def _render_sessions(rounds: Rounds) -> Iterator[dict[str, object]]:
    for contestant, sessions in rounds.sessions.items():
        for number, session in enumerate(sessions, 1):
            yield {
                "contestant": contestant.name.lower(),
                "validators": rounds.plan.validators_count,
                "round": number,
                "async": _render_burst(session, is_sync=False),
                "sync": _render_burst(session, is_sync=True),
                "latencies_s": list(session.latencies_s),
                "application_mib": session.application_mib,
                "engine_mib": session.engine_mib,
            }


def _render_burst(session: Session, *, is_sync: bool) -> dict[str, object] | None:
    burst = session.synchronous if is_sync else session.asynchronous
    return None if burst is None else asdict(burst) | {"per_s": burst.per_s}
