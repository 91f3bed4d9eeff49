"""Two versions of the rules, and a change between them that comes by itself.

The second counts another quorum: turnout must be twice what the bylaws ask. Run as
`python two_rules.py STORE SOCKET SOFTWARE`, it is a ledger process of software 1.0.0, which
knows the first version alone, or 2.0.0, which knows both.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

from config.errors import OutdatedError
from governance import ballots
from governance.context import BlockContext, BlockFacts
from governance.events import Events
from governance.proposal_records import Outcome
from governance.records import Upgrade
from governance.rules import RULES, Rules
from governance.upgrades import schedule_upgrade
from governance.view import KeyValue, StateView
from ledger.abci import serve_abci
from ledger.application import Application
from ledger.store import Store
from node import exit_codes

SCHEDULED_HEIGHT = 3
"""In this block the change is decided."""
UPGRADE = Upgrade(height=40, rules_version=2, software_version_min="2.0.0")
_compute_outcome = ballots.compute_outcome


def begin_first(kv: KeyValue, block: BlockContext, facts: BlockFacts) -> Events:
    """As today, and decide on the change, as an act of the federation would."""
    events: Events = ()
    if block.height == SCHEDULED_HEIGHT:
        events = schedule_upgrade(StateView(kv), UPGRADE, block=block)
    return events + RULES[0].begin_block(kv, block, facts)


def begin_second(kv: KeyValue, block: BlockContext, facts: BlockFacts) -> Events:
    """As today, with another quorum."""
    with mock.patch.object(ballots, "compute_outcome", compute_outcome_of_double_quorum):
        return RULES[0].begin_block(kv, block, facts)


def compute_outcome_of_double_quorum(**counts: int) -> Outcome:
    """As `governance.counting`, with twice the quorum."""
    return _compute_outcome(**(counts | {"quorum_bps": 2 * counts["quorum_bps"]}))


FIRST: Rules = replace(RULES[0], begin_block=begin_first)
SECOND: Rules = replace(RULES[0], version=2, begin_block=begin_second)
SOFTWARE = {"1.0.0": (FIRST,), "2.0.0": (FIRST, SECOND)}


def main() -> int:
    """Serve until killed, or until the next block needs other software."""
    path, socket, software = sys.argv[1:]
    store = Store.open(Path(path))
    try:
        application = Application(store, software_version=software, rules=SOFTWARE[software])
        asyncio.run(serve_abci(application, Path(socket)))
    except OutdatedError as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.OUTDATED
    finally:
        store.close()
    return exit_codes.OK


if __name__ == "__main__":
    raise SystemExit(main())
