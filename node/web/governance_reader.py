"""What state holds of elected bodies and of votes on options, as pages and API show it.

From state through this node's own engine, so that it is the same on every node. Officers are
known by their office accounts alone.
"""

from config.errors import RefusedError, UnavailableError
from did.jcs import JsonObject
from governance.body_records import Body, BodyKind
from governance.election_records import BallotPaper, CountResult, Method
from governance.state_keys import Collection, state_key
from ledger.rpc import EngineClient
from node.sending import read_state


async def read_bodies(engine: EngineClient, cooperative: bytes) -> list[JsonObject]:
    """Who sits in a cooperative's bodies; those that were never elected have no seats.

    Raises:
        RefusedError: The ledger cannot answer yet.
        UnavailableError: The engine does not answer.
    """
    bodies = []
    for kind in BodyKind:
        data = await read_state(engine, state_key(cooperative, Collection.BODY, bytes([kind])))
        body = Body.decode(data) if data else Body(kind=kind)
        bodies.append(
            {
                "body": kind.name.lower(),
                "election": body.election.hex() or None,
                "failed_elections": body.failed_calls_count,
                "seats": [
                    {"office": seat.office.hex(), "until_ms": seat.term_ends_ms}
                    for seat in body.seats
                ],
            }
        )
    return bodies


async def read_options(
    engine: EngineClient, cooperative: bytes, proposal: bytes
) -> JsonObject | None:
    """The ballot paper of a vote on options, and what the count found; None before it opens.

    Returns:
        `method`, `seats`, `credits`, and `options`: `number` (by which ballots mark it), `id`,
        `is_elected`, and for items `votes` and `amount_minor`, each null until it is counted.
    """
    try:
        data = await read_state(engine, state_key(cooperative, Collection.BALLOT_PAPER, proposal))
        counted = await read_state(
            engine, state_key(cooperative, Collection.COUNT_RESULT, proposal)
        )
    except (RefusedError, UnavailableError):
        return None
    if not data:
        return None
    paper = BallotPaper.decode(data)
    result = CountResult.decode(counted) if counted else None
    return {
        "method": paper.method.name.lower(),
        "seats": paper.seats_count,
        "credits": paper.credits,
        "options": [
            {"number": number, "id": option.hex(), **_describe(paper, result, number)}
            for number, option in enumerate(paper.options)
        ],
    }


def _describe(paper: BallotPaper, result: CountResult | None, number: int) -> JsonObject:
    is_items = paper.method is Method.QUADRATIC
    if result is None:
        return {"is_elected": None, "votes": None, "amount_minor": None}
    return {
        "is_elected": None if is_items else number in result.winners,
        "votes": result.scores[number] if result.scores else None,
        "amount_minor": result.amounts[number] if result.amounts else None,
    }
