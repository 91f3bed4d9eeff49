"""`rochdale consent`: counting by consent, and the roots on the ledger (operator)."""

import asyncio
import os
import time
from typing import Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

consent_app = typer.Typer(
    no_args_is_help=True, help="Counting records by consent, and consents' roots (operator)."
)


@consent_app.command("record-key")
def show_record_key(
    did: Annotated[str, typer.Argument(metavar="DID", help="By which the person logs in.")],
    home: HomeOption = DEFAULT_HOME,
    as_json: JsonOption = False,
) -> None:
    """Show what stands for a person in column `holder` of the records; never their DID.

    Whoever has the records and this can tell whose they are: keep it with the records alone.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.registrar import open_register  # noqa: PLC0415

    with open_register(open_home(home)) as store:
        holder = store.holders.find_by_did(did)
        if holder is None:
            raise RefusedError("nobody with this DID has an account here")
        key = store.consents.compute_record_key(holder.id)
    if as_json:
        say_json({"record_key": key})
        return
    say(key)


@consent_app.command()
def anchor(home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Put one root over all histories of consent on the ledger; nothing else of them leaves.

    The node does this itself once a week if the registrar's key lies in its home. Interrupted,
    it is finished by running it again.
    """
    from node.consent_anchoring import anchor_consents  # noqa: PLC0415
    from node.home import open_home  # noqa: PLC0415
    from node.settings import load_settings  # noqa: PLC0415

    opened = open_home(home)
    settings = load_settings(opened.settings_path, environ=os.environ)
    done = asyncio.run(
        anchor_consents(opened, settings, now_ms=lambda: time.time_ns() // 1_000_000)
    )
    if as_json:
        say_json(
            {
                "period": done.anchor.period,
                "root": done.anchor.root.hex(),
                "closed_at_ms": done.anchor.closed_at_ms,
                "resumed": done.is_resumed,
            }
        )
        return
    resumed = ", which an earlier call had begun" if done.is_resumed else ""
    say(f"The root of period {done.anchor.period} is on the ledger{resumed}.")
    say(f"  root  {done.anchor.root.hex()}")
