"""What an operator's monitoring reads: a few numbers in Prometheus' text format (0.0.4).

Written by hand: they are so few that a library would be more to keep than this. Names of
cooperatives are public; nothing here is about members beyond their number.
"""

from collections.abc import Iterable

from governance.records import Standing
from node.web.context import WebContext
from node.web.status import list_missing

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HELP = {
    "rochdale_height": "Last block of the read model.",
    "rochdale_engine_height": "Last block that this node's engine has.",
    "rochdale_seconds_since_block": "Since this node saw a new block.",
    "rochdale_ledger_reachable": "1 while this node's own engine answers.",
    "rochdale_halted": "1 while this node has halted until a person acts.",
    "rochdale_catching_up": "1 while the engine fetches old blocks.",
    "rochdale_stands_still": "1 while a block is overdue.",
    "rochdale_validator_missing": "1 for a validator that the chain waits for, or that was in"
    " none of the last commits.",
    "rochdale_validator_suspended": "1 for a validator that was suspended.",
    "rochdale_members": "Members on a cooperative's roll.",
}


def render_metrics(context: WebContext) -> str:
    """All of them, as they are now."""
    chain, now_s = context.chain, context.clock.steady_s()
    missing = list_missing(context, now_s=now_s)
    lines = [
        *_gauge("rochdale_height", context.projection.height),
        *_gauge("rochdale_engine_height", chain.height),
        *_gauge("rochdale_seconds_since_block", int(now_s - chain.grew_at_s)),
        *_gauge("rochdale_ledger_reachable", int(chain.is_reachable)),
        *_gauge("rochdale_halted", int(bool(chain.halted))),
        *_gauge("rochdale_catching_up", int(chain.is_catching_up)),
        *_gauge("rochdale_stands_still", int(missing is not None)),
    ]
    absent = [item.id for item in missing or ()]
    validators = [item for item in context.registry.members if item.standing is not None]
    lines += _family(
        "rochdale_validator_missing",
        (
            (
                item.name,
                int(
                    item.id in absent
                    if missing is not None
                    else item.is_validating
                    and bool(chain.voted_heights)  # else nothing is known of anybody
                    and not chain.takes_part(item.validator_address)
                ),
            )
            for item in validators
        ),
    )
    lines += _family(
        "rochdale_validator_suspended",
        ((item.name, int(item.standing is not Standing.ACTIVE)) for item in validators),
    )
    counts = context.projection.count_members()
    lines += _family(
        "rochdale_members",
        ((item.name, counts.get(item.id, 0)) for item in context.registry.members),
    )
    return "\n".join(lines) + "\n"


def _gauge(name: str, value: int) -> list[str]:
    return [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge", f"{name} {value}"]


def _family(name: str, values: Iterable[tuple[str, int]]) -> list[str]:
    lines = [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
    for cooperative, value in values:
        label = cooperative.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        lines.append(f'{name}{{cooperative="{label}"}} {value}')
    return lines
