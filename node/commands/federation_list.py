"""What `rochdale federation list` shows: cooperatives, their standing, motions, cases."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from governance.acts import (
    AdmitCooperative,
    AdmitNode,
    ChangeCharter,
    DecideDispute,
    FederalAct,
    ScheduleUpgrade,
    WithdrawUpgrade,
    get_kind,
    get_subject,
)
from governance.federal_records import Case, CaseKind, Motion, MotionStatus
from governance.records import CooperativeStatus, Standing
from node.commands.options import say
from node.federation_office import FederationView
from node.web.registry import KnownCooperative

_STATUS = {
    CooperativeStatus.ACTIVE: "member",
    CooperativeStatus.LEAVING: "member, leaving",
    CooperativeStatus.LEFT: "has left",
    CooperativeStatus.EXPELLED: "expelled",
}
_STANDING = {
    None: "no",
    Standing.ACTIVE: "yes",
    Standing.SILENT: "suspended: silent for too long",
    Standing.ACCUSED: "suspended: signed twice",
}
_ACCUSED_OF = {
    CaseKind.UNKNOWN: "unknown misbehaviour",
    CaseKind.DUPLICATE_VOTE: "signing twice",
    CaseKind.LIGHT_CLIENT_ATTACK: "a false light header",
}


def describe(found: FederationView) -> dict[str, Any]:
    """All of it for programs."""
    return {
        "needed": found.needed_count,
        "cooperatives": [_describe_cooperative(item) for item in found.cooperatives],
        "motions": [_describe_motion(item, found) for item in found.motions],
        "cases": [_describe_case(item) for item in found.cases],
    }


def show(found: FederationView, *, chain_id: str) -> None:
    """All of it for people."""
    cooperatives = Table(box=None, pad_edge=False)
    for column in ("cooperative", "id", "membership", "validates"):
        cooperatives.add_column(column)
    for item in found.cooperatives:
        cooperatives.add_row(
            *(escape(item.name), item.id.hex()[:16]),
            *(_describe_membership(item), _STANDING[item.standing]),
        )
    console = Console(highlight=False, emoji=False)
    say(f"[bold]{chain_id}[/]: {found.needed_count} members must approve a motion")
    console.print(cooperatives)
    names = {item.id: item.name for item in found.cooperatives}
    if found.cases:
        console.print(_make_cases(found, names))
    if found.motions:
        console.print(_make_motions(found, names))
    else:
        say("No motion was ever proposed.")


def _describe_membership(item: KnownCooperative) -> str:
    if item.status is CooperativeStatus.LEAVING:
        return f"{_STATUS[item.status]} on {_render_time(item.leaves_at_ms)}"
    return _STATUS[item.status]


def _make_cases(found: FederationView, names: dict[bytes, str]) -> Table:
    cases = Table(box=None, pad_edge=False)
    for column in ("case", "against", "of", "at height", "opened"):
        cases.add_column(column)
    for case in found.cases:
        cases.add_row(
            case.id.hex()[:16],
            escape(names[case.cooperative]),
            _ACCUSED_OF[case.kind],
            str(case.misbehaved_height),
            f"in block {case.opened_height}",
        )
    return cases


def _make_motions(found: FederationView, names: dict[bytes, str]) -> Table:
    motions = Table(box=None, pad_edge=False)
    for column in ("motion", "asks to", "proposed by", "stands"):
        motions.add_column(column)
    for motion in found.motions:
        motions.add_row(
            motion.id.hex()[:16],
            escape(render_act(motion.act, motion.proposer, names)),
            escape(names[motion.proposer]),
            _describe_standing(motion, found),
        )
    return motions


def render_act(act: FederalAct, proposer: bytes, names: dict[bytes, str]) -> str:
    """An act in words."""
    subject = get_subject(act, proposer=proposer)
    verb = get_kind(act).name.lower().replace("_", " ")
    if isinstance(act, AdmitCooperative):
        return f"{verb} {act.request.name or act.request.did}"
    if isinstance(act, AdmitNode):
        return f"{verb} {act.node_id.hex()[:16]}"
    if isinstance(act, ScheduleUpgrade):
        return (
            f"{verb} to rules {act.upgrade.rules_version} at height {act.upgrade.height}, with "
            f"software {act.upgrade.software_version_min} or newer"
        )
    if isinstance(act, WithdrawUpgrade):
        return verb
    return f"{verb} {names.get(subject, subject.hex()[:16])}"


def _describe_standing(motion: Motion, found: FederationView) -> str:
    if motion.status is MotionStatus.OPEN:
        until = _render_time(motion.lapses_at_ms)
        if isinstance(motion.act, ChangeCharter | DecideDispute):  # each has a threshold of its own
            return f"{found.count_approvals(motion)} approve, until {until}"
        return f"{found.count_approvals(motion)} of {found.needed_count}, until {until}"
    if motion.status is MotionStatus.ENACTED:
        return f"enacted in block {motion.enacted_height}"
    return "lapsed"


def _render_time(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1_000, tz=UTC):%Y-%m-%d %H:%M} UTC"


def _describe_case(case: Case) -> dict[str, Any]:
    return {
        "id": case.id.hex(),
        "cooperative": case.cooperative.hex(),
        "kind": case.kind.name.lower(),
        "misbehaved_height": case.misbehaved_height,
        "opened_height": case.opened_height,
        "status": case.status.name.lower(),
    }


def _describe_cooperative(item: KnownCooperative) -> dict[str, Any]:
    return {
        "id": item.id.hex(),
        "name": item.name,
        "did": item.did,
        "status": item.status.name.lower(),
        "standing": "member" if item.standing is None else item.standing.name.lower(),
        "leaves_at_ms": item.leaves_at_ms or None,
        "node_id": item.node_id,
        "p2p_address": item.p2p_address,
    }


def _describe_motion(motion: Motion, found: FederationView) -> dict[str, Any]:
    names = {item.id: item.name for item in found.cooperatives}
    return {
        "id": motion.id.hex(),
        "act": get_kind(motion.act).name.lower(),
        "asks_to": render_act(motion.act, motion.proposer, names),
        "subject": get_subject(motion.act, proposer=motion.proposer).hex(),
        "proposer": motion.proposer.hex(),
        "approvals": [item.hex() for item in motion.approvals],
        "status": motion.status.name.lower(),
        "lapses_at_ms": motion.lapses_at_ms,
        "enacted_height": motion.enacted_height or None,
    }
