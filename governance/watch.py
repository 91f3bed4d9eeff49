"""What the engine tells of validators with each block: who was silent, who signed twice.

Silence is counted in coarse stretches of block time, at most two changes in each, so that a
block without transactions changes nothing as a rule and an idle chain stays idle, also beside
a dead validator. Stretches without blocks do not count: after an outage of the whole chain
nobody is accused of having been silent.
"""

import hashlib

from config.errors import InvariantError
from did.codec import encode
from governance.charter import (
    SILENCE_BUCKETS,
    compute_silence_bucket,
    may_fall_silent,
    may_lose_for_evidence,
)
from governance.context import BlockContext, BlockFacts, Misbehaviour
from governance.events import Events
from governance.federal_events import CaseOpened
from governance.federal_records import Case, CaseKind, CaseStatus, Seat, Silence
from governance.federal_view import FederalView
from governance.logs import CASES, append
from governance.open_matters import MatterKind, open_matter
from governance.records import Standing
from governance.validators import (
    compute_validator_address,
    count_validators,
    is_active,
    suspend,
)

_CASE_DOMAIN = b"rochdale/case/v1"


def apply_evidence(view: FederalView, facts: BlockFacts, *, block: BlockContext) -> Events:
    """Open a case for each new misbehaviour, and suspend its validator if the floor allows.

    Raises:
        InvariantError: The engine accuses a key that was never a validator's.
    """
    events: Events = ()
    for misbehaviour in facts.misbehaviours:
        key = view.get_consensus_key(misbehaviour.address)
        if key is None:
            raise InvariantError("the engine accuses a validator that nobody knows")
        case = _render_case(misbehaviour, key.cooperative, block=block)
        if view.get_case(case.id) is not None:
            continue
        view.put_case(case)
        open_matter(view, MatterKind.CASE, case.id, cooperative=case.cooperative)
        append(view, CASES, [case.id])
        opened = CaseOpened(
            cooperative=case.cooperative,
            case=case.id,
            kind=case.kind,
            misbehaved_height=case.misbehaved_height,
        )
        events = (*events, opened, *_accuse(view, case.cooperative, block=block))
    return events


def apply_silence(view: FederalView, facts: BlockFacts, *, block: BlockContext) -> Events:
    """Count who signed nothing of the block before; suspend who did so for too long."""
    if not facts.votes:
        return ()
    signed = {vote.address: vote.has_signed for vote in facts.votes}
    scale = view.get_parameters().time_scale
    bucket = compute_silence_bucket(block.time_ms, time_scale=scale)
    events: Events = ()
    for seat in view.get_validators().seats:
        has_signed = signed.get(compute_validator_address(seat.consensus_key))
        if has_signed is True:
            _note_signed(view, seat, bucket=bucket)
        elif has_signed is False and _is_silent(view, seat, bucket=bucket):
            events += _suspend_silent(view, seat.cooperative, block=block)
    return events


def _note_signed(view: FederalView, seat: Seat, *, bucket: int) -> None:
    silence = view.get_silence(seat.cooperative)
    if silence is not None and silence.count:
        # Kept, so that the rest of this stretch does not count again.
        view.put_silence(seat.cooperative, Silence(bucket=bucket, count=0))


def _is_silent(view: FederalView, seat: Seat, *, bucket: int) -> bool:
    """Count a missing signature; whether there were too many."""
    silence = view.get_silence(seat.cooperative)
    if silence is None:
        silence = Silence(bucket=bucket, count=1)
        view.put_silence(seat.cooperative, silence)
    elif silence.count < SILENCE_BUCKETS and bucket > silence.bucket:
        silence = Silence(bucket=bucket, count=silence.count + 1)
        view.put_silence(seat.cooperative, silence)
    return silence.count >= SILENCE_BUCKETS


def _suspend_silent(view: FederalView, cooperative: bytes, *, block: BlockContext) -> Events:
    silent = view.require_cooperative(cooperative)
    if not is_active(silent):  # its last signatures are not due any more
        return ()
    active_count, admitted_count = count_validators(view)
    if not may_fall_silent(active_count=active_count - 1, admitted_count=admitted_count):
        return ()
    return suspend(view, silent, Standing.SILENT, block=block)


def _accuse(view: FederalView, cooperative: bytes, *, block: BlockContext) -> Events:
    accused = view.require_cooperative(cooperative)
    if accused.validator is None or accused.validator.standing is Standing.ACCUSED:
        return ()
    if is_active(accused):
        active_count, admitted_count = count_validators(view)
        if not may_lose_for_evidence(active_count=active_count - 1, admitted_count=admitted_count):
            return ()
    return suspend(view, accused, Standing.ACCUSED, block=block)


def _render_case(misbehaviour: Misbehaviour, cooperative: bytes, *, block: BlockContext) -> Case:
    identity = encode([misbehaviour.address, misbehaviour.kind, misbehaviour.height])
    return Case(
        id=hashlib.sha256(_CASE_DOMAIN + identity).digest(),
        cooperative=cooperative,
        kind=CaseKind(misbehaviour.kind),
        address=misbehaviour.address,
        misbehaved_height=misbehaviour.height,
        misbehaved_ms=misbehaviour.time_ms,
        opened_height=block.height,
        opened_ms=block.time_ms,
        status=CaseStatus.OPEN,
    )
