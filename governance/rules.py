"""Every version of the rules that this software knows.

A version is the functions that turn a block into changes. It is never edited once a chain has
run it: whoever replays that chain must get the same bytes. A change is a new version, which
begins at a height that the federation decides (`governance.upgrades`); what it shares with
the one before, both call.
"""

from dataclasses import dataclass
from typing import Protocol

from governance import machine
from governance.context import BlockContext, BlockFacts, Sender
from governance.events import Events
from governance.genesis import GenesisState
from governance.transactions import PAYLOADS, Payload
from governance.view import KeyValue


class InitState(Protocol):
    """Writes what a chain begins with."""

    def __call__(
        self, kv: KeyValue, genesis: GenesisState, block: BlockContext, *, rules_version: int
    ) -> Events:
        """As `governance.machine.init_state`."""


class BeginBlock(Protocol):
    """What a block does before its transactions."""

    def __call__(self, kv: KeyValue, block: BlockContext, facts: BlockFacts) -> Events:
        """As `governance.machine.begin_block`."""


class EndBlock(Protocol):
    """What a block does after its transactions."""

    def __call__(self, kv: KeyValue, block: BlockContext) -> Events:
        """As `governance.machine.end_block`."""


class Apply(Protocol):
    """Applies one transaction."""

    def __call__(
        self, kv: KeyValue, *, sender: Sender, payload: Payload, block: BlockContext
    ) -> Events:
        """As `governance.machine.apply`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One version of the rules."""

    version: int
    """From 1, without gaps; headers carry it as their app version."""
    payloads: tuple[type[Payload], ...]
    """What transactions may ask for; others are refused as TYPE_UNKNOWN."""
    init_state: InitState
    begin_block: BeginBlock
    apply: Apply
    end_block: EndBlock


RULES: tuple[Rules, ...] = (
    Rules(
        version=1,
        payloads=PAYLOADS,
        init_state=machine.init_state,
        begin_block=machine.begin_block,
        apply=machine.apply,
        end_block=machine.end_block,
    ),
)
"""Ascending by version; a new chain begins with the last."""
