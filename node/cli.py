"""The command line: `rochdale`.

Gathers the commands, takes the settings' flags out of what was typed, and turns every error
into one sentence and a documented exit code. Commands import what they need when they run.
"""

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from config.errors import RochdaleError, UnavailableError
from node import exit_codes
from node.commands.acting import act
from node.commands.audit import audit
from node.commands.bodies import list_bodies
from node.commands.clients import client_app
from node.commands.complaint_hearing import complaint_app
from node.commands.consent import consent_app
from node.commands.credential import credential_app
from node.commands.did import did_app
from node.commands.disputes import dispute_app
from node.commands.duties import duty_app
from node.commands.federation_roll import federation_app
from node.commands.governance import governance_app
from node.commands.init import init
from node.commands.insight import insight_app
from node.commands.ledger import ledger_app
from node.commands.ledger_list import list_entries
from node.commands.members import member_app
from node.commands.office_motions import office_app
from node.commands.petitions import petition_app
from node.commands.proposing import propose
from node.commands.receipts import receipt_app, trust_app
from node.commands.recover import genesis_app
from node.commands.register import register_app
from node.commands.register_acts import complete, correct, erase, open_link, rebind, reseal
from node.commands.run import start, stop
from node.commands.simulate import simulate
from node.commands.status import show_settings, status
from node.commands.validator import validator_app
from node.commands.value import value_app
from node.commands.vc_api import vc_api
from node.commands.voting import vote
from node.commands.wallet import wallet_app
from node.commands.wallet_backup import backup, check, restore, sign
from node.commands.wallet_consent_export import export as export_consents
from node.commands.wallet_consent_receipts import receipts as consent_receipts
from node.commands.wallet_consents import consents_app
from node.commands.wallet_credentials import credentials
from node.commands.wallet_export import export
from node.commands.wallet_keys import end, guard, guardians, rotate, veto
from node.commands.wallet_login import login, sessions
from node.commands.wallet_mandates import mandates_app
from node.commands.wallet_notices import notices
from node.commands.wallet_receipts import receipts
from node.commands.wallet_recovery import recover_app
from node.commands.wallet_requests import answer, requests, resources
from node.commands.wallet_web import web_hashes
from node.settings import extract_flags

_SETTINGS_HELP = (
    "Every setting is also a flag, such as --web.listen; `rochdale settings` lists all."
)

app = typer.Typer(
    name="rochdale",
    help="The node that a patient-owned health-data cooperative runs.",
    epilog=_SETTINGS_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command(epilog=_SETTINGS_HELP)(init)
app.command(epilog=_SETTINGS_HELP)(start)
app.command()(status)
app.command()(stop)
app.command("settings")(show_settings)
app.add_typer(genesis_app, name="genesis")
app.add_typer(federation_app, name="federation")
app.add_typer(member_app, name="member")
register_app.command("open")(open_link)
for register_command in (correct, erase, rebind, reseal, complete):
    register_app.command()(register_command)
app.add_typer(register_app, name="register")
app.add_typer(consent_app, name="consent")
app.add_typer(insight_app, name="insight")
app.add_typer(credential_app, name="credential")
app.command("vc-api")(vc_api)
app.add_typer(trust_app, name="trust")
app.add_typer(validator_app, name="validator")
for wallet_command in (backup, restore, sign, check, web_hashes, login, sessions):
    wallet_app.command()(wallet_command)
for keys_command in (rotate, guard, guardians, veto, end):
    wallet_app.command()(keys_command)
for member_command in (propose, vote):
    wallet_app.command()(member_command)
wallet_app.command()(receipts)
wallet_app.command()(export)
wallet_app.command()(notices)
wallet_app.command()(credentials)
wallet_app.add_typer(recover_app, name="recover")
consents_app.command("receipts")(consent_receipts)
consents_app.command("export")(export_consents)
for asking_command in (requests, answer, resources):
    consents_app.command()(asking_command)
wallet_app.add_typer(consents_app, name="consents")
wallet_app.add_typer(mandates_app, name="mandates")
app.add_typer(wallet_app, name="wallet")
app.add_typer(client_app, name="client")
governance_app.command("audit")(audit)
governance_app.command("bodies")(list_bodies)
governance_app.command("simulate")(simulate)
app.add_typer(governance_app, name="governance")
app.add_typer(value_app, name="value")
app.command()(act)
app.add_typer(office_app, name="office")
app.add_typer(petition_app, name="petition")
app.add_typer(complaint_app, name="complaint")
app.add_typer(duty_app, name="duty")
app.add_typer(dispute_app, name="dispute")
app.add_typer(did_app, name="did")
app.add_typer(receipt_app, name="receipt")
ledger_app.command("list")(list_entries)
app.add_typer(ledger_app, name="ledger")


def run(application: typer.Typer, arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code.

    Args:
        application: The commands; `testnet` passes more than `app`.
        arguments: What was typed; `sys.argv` if not given.
    """
    try:
        rest, flags = extract_flags(sys.argv[1:] if arguments is None else arguments)
        os.environ.update(flags)  # the node's processes read them there too
        application(args=rest, prog_name="rochdale")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except RochdaleError as error:
        return _explain(error)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except Exception:  # noqa: BLE001 - the last place that can still explain itself
        sys.stderr.write(
            f"{traceback.format_exc()}\n"
            "rochdale: this is a defect of Rochdale, not of your node: please report the lines "
            "above\n"
        )
        return exit_codes.INTERNAL
    return exit_codes.OK


def _explain(error: RochdaleError) -> int:
    """Say what ended a command; its exit code."""
    if isinstance(error, UnavailableError):
        from node.halting import find_halt  # noqa: PLC0415 - the engine's client is slow to load

        halt = find_halt(error)
        if halt is not None:
            sys.stderr.write(f"rochdale: {halt}\n")
            return halt.exit_code
    sys.stderr.write(f"rochdale: {error}\n")
    return exit_codes.exit_code_of(error)


def main() -> None:
    """Run the node's own commands."""
    raise SystemExit(run(app))
