"""What a validator signed last, as the engine keeps it, and what is safe to sign next.

The engine refuses to sign at or below the point that its state file names; that file is all
that stands between a validator and two signatures at one height. It is written here only
while the engine does not use it, or has read of a height in it that the chain has not come to.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from config.errors import MisconfiguredError
from config.limits import RESUME_MARGIN_BLOCKS
from did.jcs import JsonObject
from ledger.files import replace_file

PREVOTE_STEP, PRECOMMIT_STEP = 2, 3
_ROUND_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class SignedPoint:
    """A point of consensus: nothing is signed at it or before it any more."""

    height: int = 0
    round: int = 0
    step: int = 0
    """1 a block proposal, 2 a prevote, 3 a precommit; 0 before any."""

    @property
    def is_margin(self) -> bool:
        """Whether nothing was signed at it: `compute_safe_point` leaves the blocks up to it out."""
        return self.round == _ROUND_MAX


NOTHING_SIGNED = SignedPoint()


def load_signed_point(path: Path) -> SignedPoint | None:
    """Read the engine's state file; None if there is none.

    Raises:
        MisconfiguredError: It cannot be read or is damaged.
    """
    try:
        fields = json.loads(path.read_bytes())
        return SignedPoint(
            height=int(fields["height"]), round=int(fields["round"]), step=int(fields["step"])
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MisconfiguredError(
            f"{path}, the record of what this validator signed last, cannot be read: move it "
            "away, and the node finds out what is safe to sign"
        ) from error


def save_signed_point(path: Path, point: SignedPoint) -> None:
    """Replace the engine's state file; only while no engine uses it, or signs nothing by it."""
    fields = {"height": str(point.height), "round": point.round, "step": point.step}
    replace_file(path, json.dumps(fields, indent=2).encode() + b"\n")


def compute_safe_point(*, tip: int) -> SignedPoint:
    """From where to sign again on a chain that goes on without this validator.

    Nobody can have signed above the height that follows the tip, so a margin covers what
    this node may not have heard of yet. No later round of that height is left to sign either.
    """
    return SignedPoint(height=tip + RESUME_MARGIN_BLOCKS, round=_ROUND_MAX, step=PRECOMMIT_STEP)


def compute_point_seen(state: JsonObject, *, address: bytes, tip: int) -> SignedPoint:
    """From where to sign again on a chain that waits for this validator.

    The others hand over every vote of the height in work, this validator's own included.

    Args:
        state: `round_state` of the engine's `dump_consensus_state`.
        address: This validator's; 20 bytes.
        tip: Height of the last block.
    """
    validators = [bytes.fromhex(v["address"]) for v in state["validators"]["validators"]]
    seen = SignedPoint(height=tip, step=PRECOMMIT_STEP)
    if address not in validators or int(state["height"]) != tip + 1:
        return seen
    place = validators.index(address)
    for votes in state["votes"]:
        for kind, step in (("prevotes", PREVOTE_STEP), ("precommits", PRECOMMIT_STEP)):
            if not votes[kind][place].startswith("nil"):
                point = SignedPoint(height=tip + 1, round=int(votes["round"]), step=step)
                seen = max(seen, point)
    return seen
