"""What a checked receipt says, in words for people.

Apart from `ledger.receipts`, which decides whether it holds. The JavaScript verifier says the
same sentences (`node/web/templates/verifier.mjs`). Pure.
"""

import datetime

from ledger.receipts import BallotFact, Verified


def render_meaning(verified: Verified) -> str:
    """Say to a person what a checked receipt shows."""
    moment = datetime.datetime.fromtimestamp(verified.time_ms // 1000, tz=datetime.UTC)
    source = (
        f"More than two thirds of the validators of {verified.chain_id} signed block "
        f"{verified.height} of {moment:%Y-%m-%d %H:%M:%S} UTC"
    )
    return f"{source}, by which {_describe(verified)}."


def _describe(verified: Verified) -> str:
    ballot, decision = verified.ballot, verified.decision
    if ballot is None:
        what = "has this value" if verified.value is not None else "has no value"
        return f"the state key {verified.key.hex()} {what}"
    if decision is None:
        return _describe_ballot(ballot)
    outcome = decision.outcome.name.lower().replace("_", " ")
    return (
        f"{_describe_ballot(ballot)} and was counted: {decision.yes_count} yes, "
        f"{decision.no_count} no, {decision.abstain_count} abstained, of "
        f"{decision.electorate_count} entitled; outcome: {outcome}"
    )


def _describe_ballot(ballot: BallotFact) -> str:
    return (
        f"the ballot {ballot.ballot_id.hex()[:16]}… on proposal {ballot.proposal_id.hex()[:16]}… "
        f"says {ballot.choice.name.lower()}"
    )
