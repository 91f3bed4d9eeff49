"""What the rules keep of disputes between cooperatives: who hears them, what came of them.

Each has one canonical encoding. Texts are known by their hashes alone.
"""

from enum import IntEnum
from typing import Annotated

from msgspec import Meta

from did.codec import Record
from governance.fields import Hash, HashOrEmpty, Height, TimeMs

PANEL_SEATS = 3
"""Cooperatives on a dispute panel."""


class DisputeStep(IntEnum):
    """Who hears a dispute now, in this order."""

    MEDIATION = 1
    """The parties look for a settlement that both record."""
    PANEL = 2
    """Uninvolved cooperatives by lot."""
    ASSEMBLY = 3
    """All uninvolved cooperatives, by a motion."""
    ARBITRATION = 4
    """Somebody from outside decides; the ledger gets the hash of the award."""
    CLOSED = 5


class DisputeVerdict(IntEnum):
    """What was said at a dispute's step; of a closed one, what came of it."""

    NONE = 0
    """Nobody has decided."""
    SETTLED = 1
    """The parties agree."""
    BY_PANEL = 2
    BY_ASSEMBLY = 3
    AWARDED = 4
    """An arbitrator has decided."""
    WITHDRAWN = 5


class DisputeAnswer(Record, frozen=True, kw_only=True):
    """What a cooperative has recorded at a dispute's step."""

    cooperative: Hash
    text_hash: Hash
    """SHA-256 of the settlement, the decision or the award."""


class Dispute(Record, frozen=True, kw_only=True):
    """A dispute between two cooperatives."""

    id: Hash
    claimant: Hash
    respondent: Hash
    text_hash: Hash
    """SHA-256 of what is disputed."""
    step: DisputeStep
    opened_height: Height
    opened_ms: TimeMs
    panel: Annotated[tuple[Hash, ...], Meta(max_length=PANEL_SEATS)] = ()
    """Ascending; drawn when its step began."""
    answers: Annotated[tuple[DisputeAnswer, ...], Meta(max_length=PANEL_SEATS)] = ()
    """Of this step; ascending by cooperative."""
    escalates_from_ms: TimeMs = 0
    """From when a party may go on to the next step; 0 while none may."""
    ends_ms: TimeMs = 0
    """When the rules go on, or close what was decided; 0 where no time runs."""
    verdict: DisputeVerdict = DisputeVerdict.NONE
    answer_hash: HashOrEmpty = b""
    """SHA-256 of what was decided."""

    @property
    def parties(self) -> tuple[bytes, bytes]:
        """Who disputes."""
        return self.claimant, self.respondent
