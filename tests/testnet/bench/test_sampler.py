"""What the ledger process is said to be doing."""

import pytest

from testnet.bench.burst import Burst
from testnet.bench.profile import LEVELDB_THREAD, read_profile
from testnet.bench.sampler import REST, STEPS, find_step

RULES = STEPS["ledger.transition"]


@pytest.mark.parametrize(
    ("stack", "step"),
    [
        ([("did.keys", "is_signature_valid"), ("ledger.envelope", "check")], "signatures"),
        ([("did.codec", "decode"), ("ledger.envelope", "decode")], STEPS["ledger.envelope"]),
        ([("did.codec", "decode"), ("governance.view", "get_account")], STEPS["governance.view"]),
        ([("governance.ballots", "apply_cast_ballot"), ("ledger.transition", "_apply")], RULES),
        ([("ledger.application", "_render_block")], STEPS["governance.events"]),
        ([("ledger.application", "finalize_block")], REST),
        ([], REST),
    ],
)
def test_the_innermost_module_that_means_something_decides(
    stack: list[tuple[str, str]], step: str
) -> None:
    """A helper's time belongs to its caller."""
    assert find_step(stack) == step


def test_what_other_processes_used_is_the_signatures() -> None:
    """Of 2 ms for 10 transactions, 1.2 ms lie outside the process that was looked at."""
    seen = {
        "steps": {"signatures": 100_000, RULES: 600_000},
        "calls": {},
        "functions": {},
        "process_ns": 750_000,
        "sampler_ns": 50_000,
    }
    burst = Burst(
        transactions=10,
        seconds=1.0,
        blocks=1,
        engine_cpu_us=0.0,
        application_cpu_us=200.0,
        load_cpu_us=0.0,
    )

    steps = read_profile(seen, burst=burst).steps

    assert steps["signatures"] == pytest.approx(10 + 200 - 75 - 5)
    assert steps[RULES] == pytest.approx(60)
    assert steps[LEVELDB_THREAD] == pytest.approx(5)
