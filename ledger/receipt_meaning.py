"""What a checked receipt says, in words for people.

Apart from `ledger.receipts`, which decides whether it holds. The JavaScript verifier says the
same sentences (`node/web/templates/verifier.mjs`). Pure.
"""

import datetime

from did.jcs import JsonObject
from governance.proposal_records import render_choice
from governance.state_keys import FEDERATION
from ledger.lists import describe_list, get_list_name, render_entry
from ledger.receipt_consents import ConsentFact
from ledger.receipts import BallotFact, PageFact, ReceiptKind, Verified


def render_meaning(verified: Verified) -> str:
    """Say to a person what a checked receipt shows."""
    moment = datetime.datetime.fromtimestamp(verified.time_ms // 1000, tz=datetime.UTC)
    source = (
        f"More than two thirds of the validators of {verified.chain_id} signed block "
        f"{verified.height} of {moment:%Y-%m-%d %H:%M:%S} UTC"
    )
    return f"{source}, by which {_describe(verified)}."


def render_page(page: PageFact) -> JsonObject:
    """A page of a list, as programs read it.

    Raises:
        RefusedError: An entry is not one of such a list, which no chain under our rules has.
    """
    return {
        "list": get_list_name(page.log),
        "cooperative": None if page.log.namespace == FEDERATION else page.log.namespace.hex(),
        "proposal": page.log.subject.hex() or None,
        "size": page.size,
        "first": page.first,
        "entries": [render_entry(page.log, entry) for entry in page.entries],
    }


def _describe(verified: Verified) -> str:
    ballot, decision = verified.ballot, verified.decision
    if verified.kind is ReceiptKind.BLOCK:
        return (
            f"its hash is {verified.header_hash.hex()} and the ledger before it has the app hash "
            f"{verified.app_hash.hex()}"
        )
    if verified.page is not None:
        return _describe_page(verified.page)
    if verified.consents is not None:
        return _describe_consents(verified.consents)
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


def _describe_page(page: PageFact) -> str:
    words = describe_list(page.log)
    if not page.entries:
        return f"{words} is empty"
    last = page.first + len(page.entries) - 1
    entries = "entry" if page.size == 1 else "entries"
    return f"{words} has {page.size} {entries}; from {page.first} to {last} they are these"


def _describe_consents(fact: ConsentFact) -> str:
    first, last = fact.entries[0].number, fact.entries[-1].number
    return (
        f"the root of period {fact.period} of cooperative {fact.cooperative.hex()[:16]}… covers a"
        f" history of consent up to entry {last}; from {first} to {last} the entries are these"
    )


def _describe_ballot(ballot: BallotFact) -> str:
    return (
        f"the ballot {ballot.ballot_id.hex()[:16]}… on proposal {ballot.proposal_id.hex()[:16]}… "
        f"says {render_choice(ballot.choice)}"
    )
