"""When somebody whom the registrar admits will be on the roll, as the ledger's state says.

While a cooperative is founded, at once. Afterwards members may object first, and changes of the
roll land in batches; where auditors sit, one of them must have attested the admission before.
"""

from governance.body_records import Body, BodyKind
from governance.bylaws import Bylaws, compute_window_ms
from governance.records import Cooperative, Parameters
from governance.roll_records import Admission
from governance.state_keys import FEDERATION, Collection, state_key
from ledger.rpc import EngineClient
from node.sending import read_state


async def read_landing(
    engine: EngineClient, *, cooperative: bytes, admission: bytes
) -> tuple[int, bool] | None:
    """With which batch those whom an admission is about go onto the roll, at the earliest.

    Args:
        engine: This node's own.
        cooperative: Whose roll.
        admission: The admission's id.

    Returns:
        The batch's time, Unix milliseconds, and whether an auditor must attest before; None if
        nobody waits, so that they are on the roll already.

    Raises:
        RefusedError: The ledger cannot answer.
        UnavailableError: The engine does not answer.
    """
    data = await read_state(engine, state_key(cooperative, Collection.ADMISSION, admission))
    if not data:
        return None
    waiting = Admission.decode(data)
    own = Cooperative.decode(
        await read_state(engine, state_key(FEDERATION, Collection.COOPERATIVE, cooperative))
    )
    bylaws = Bylaws.decode(
        await read_state(engine, state_key(FEDERATION, Collection.BYLAWS, own.bylaws_hash))
    )
    parameters = Parameters.decode(
        await read_state(engine, state_key(FEDERATION, Collection.PARAMETERS, b""))
    )
    kind = bytes([BodyKind.AUDITORS])
    auditors = await read_state(engine, state_key(cooperative, Collection.BODY, kind))
    is_attesting = bool(auditors and Body.decode(auditors).seats) and not waiting.attestor
    length_ms = compute_window_ms(bylaws.roll.batch_s, time_scale=parameters.time_scale)
    return (waiting.ends_ms // length_ms + 1) * length_ms, is_attesting
