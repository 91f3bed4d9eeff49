"""Having the root over all histories of consent anchored once a week, without anybody's doing.

Starts the operator's own command `rochdale consent anchor` when a period is over and the
registrar's key lies in the home; the command reads that key, this process never does. Where
the key is kept elsewhere, the operator runs the command.
"""

import asyncio
import sys
from contextlib import suppress

import structlog

from config.did_limits import CONSENT_ANCHORING_S_MAX, CONSENT_LOOK_S, CONSENT_PERIOD_MS
from node.home import Home
from node.web.context import WebContext

log = structlog.get_logger(__name__)

_ARGUMENTS = ("-P", "-s", "-B", "-X", "utf8", "-c", "from node.cli import main; main()")


async def keep_consents_anchored(context: WebContext, home: Home) -> None:
    """Look once an hour, for ever."""
    while True:
        await asyncio.sleep(CONSENT_LOOK_S)
        if is_anchoring_due(context) and (home.keys / "registrar.key").exists():
            await run_anchoring(home)


def is_anchoring_due(context: WebContext) -> bool:
    """Check if a period is over, or one was begun and not finished.

    Before anybody has said anything about their consent there are no periods.
    """
    chain, store = context.genesis.chain_id, context.private.consent_anchors
    if store.find_waiting(chain) is not None:
        return True
    latest = store.find_latest(chain)
    if latest is None:
        return bool(context.private.consents.list_holders())
    return context.clock.now_ms() - latest.closed_at_ms >= CONSENT_PERIOD_MS


async def run_anchoring(home: Home) -> bool:
    """Run the command to its end; whether it succeeded.

    Cancelling ends the command; the next one goes on where it was.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *_ARGUMENTS,
        *("consent", "anchor", "--home", str(home.root)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    said = b""
    try:
        async with asyncio.timeout(CONSENT_ANCHORING_S_MAX):
            _, said = await process.communicate()
    except TimeoutError:
        said = b"it took too long"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == 0:
        log.info("consents_anchored")
        return True
    log.warning("consents_not_anchored", said=said.decode(errors="replace").strip()[-1_000:])
    return False
