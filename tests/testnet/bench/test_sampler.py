"""What the ledger process is said to be doing."""

import pytest

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
