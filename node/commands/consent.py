"""`rochdale consent`: what the operator needs so that records are counted by consent."""

from typing import Annotated

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json

consent_app = typer.Typer(
    no_args_is_help=True, help="Counting records only by their people's consent (operator)."
)


@consent_app.callback()
def _group() -> None:
    """Keep `record-key` a command of its own while it is the only one."""


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
