"""`rochdale did`: what a DID resolves to, checked where it can be."""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from node.commands.options import DEFAULT_HOME, HomeOption, JsonOption, say, say_json, say_plain
from node.commands.wallet_options import OldTrustOption, check_with_trust
from node.plain_text import make_plain

if TYPE_CHECKING:
    from did.jcs import JsonObject
    from did.ledger_method import KeyVersion
    from did.resolution.results import Version
    from ledger.receipts import Verified
    from ledger.trust import TrustBundle
    from node.public_answers import ResolutionResult

_RECEIPT_TIMEOUT_S = 10.0
_AGE_S_MAX = 3_600
"""Of a proof's block: a running chain has one every minute."""

did_app = typer.Typer(no_args_is_help=True, help="Decentralized identifiers and their documents.")


@did_app.callback()
def did() -> None:
    """Decentralized identifiers and their documents."""


@did_app.command()
def resolve(
    *,
    text: Annotated[str, typer.Argument(metavar="DID", help="Such as did:rochdale:net:z….")],
    node: Annotated[
        str, typer.Option("--node", envvar="ROCHDALE_NODE", help="Any node of the federation.")
    ] = "http://127.0.0.1:8080",
    version_id: Annotated[
        str | None, typer.Option("--version-id", help="An earlier version, by its number.")
    ] = None,
    version_time: Annotated[
        str | None,
        typer.Option("--version-time", help="What held then, such as 2026-11-20T10:00:00Z."),
    ] = None,
    trust: Annotated[
        Path | None,
        typer.Option("--trust", help="Genesis file or trust bundle: check, believe no node."),
    ] = None,
    old_trust: OldTrustOption = False,
    as_json: JsonOption = False,
) -> None:
    """Ask a node for a DID's document; a ledger DID's is checked against its proof.

    With `--trust` the proof leads to validators that you believe: then it does not matter which
    node answered.
    """
    from did.resolution.results import parse_version  # noqa: PLC0415
    from did.resolution.syntax import parse_did  # noqa: PLC0415
    from node.commands.wallet_options import load_trust  # noqa: PLC0415

    parsed = parse_did(text)
    wanted = parse_version(version_id=version_id, version_time=version_time)
    bundle = None if trust is None else load_trust(trust)
    asked = {"versionId": version_id, "versionTime": version_time}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    result, parameters = asyncio.run(_fetch(node, parsed.text, query))
    if bundle is not None:
        verified = _check(result, text, wanted, bundle, accepts_old_trust=old_trust)
        _check_network(parameters, text, verified, accepts_old_trust=old_trust)
    if as_json:
        say_json({**result, "is_checked": bundle is not None})
        return
    _say_document(result)
    if bundle is not None:
        told = datetime.fromtimestamp(verified.time_ms // 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        say("[green]The document follows from the ledger[/]: its validators signed it.")
        say(f"  as of block {verified.height}, {told} UTC")
    elif parsed.method == "rochdale":
        say("The node was believed: `--trust` with a genesis file or trust bundle checks it.")


@did_app.command("publish-webvh")
def publish_webvh(*, home: HomeOption = DEFAULT_HOME, as_json: JsonOption = False) -> None:
    """Write this cooperative's DID document into the log of its did:webvh, if it has changed.

    The node serves the log at once. Run it again after a key of the cooperative was rotated.
    """
    import secrets  # noqa: PLC0415

    from node.commands.federation_node import open_node  # noqa: PLC0415
    from node.web.clock import Clock  # noqa: PLC0415
    from node.webvh_publishing import publish_log  # noqa: PLC0415

    opened, settings = open_node(home)
    published = asyncio.run(
        publish_log(opened, settings, clock=Clock(), random=secrets.token_bytes)
    )
    if as_json:
        say_json(
            {"did": published.did, "version": published.version_id, "is_new": published.is_new}
        )
        return
    say(published.did)
    say(f"  version {published.version_id}" + ("" if published.is_new else ", nothing had changed"))


def _say_document(result: "ResolutionResult") -> None:
    sys.stdout.write(json.dumps(result["didDocument"], indent=2) + "\n")
    metadata: JsonObject = {**result["didDocumentMetadata"]}
    for name in ("versionId", "created", "updated", "deactivated"):
        if name in metadata:
            say_plain(f"  {name}  {metadata[name]}")


async def _fetch(node: str, did: str, query: str) -> "tuple[ResolutionResult, JsonObject]":
    """The resolution result, and the receipt of the chain's parameters for a ledger DID."""
    from config.errors import RefusedError  # noqa: PLC0415
    from governance.state_keys import FEDERATION, Collection, state_key  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    parameters: JsonObject = {}
    async with NodeClient(node) as client:
        result = await client.resolve_did(did, query=query)
        if did.startswith("did:rochdale:"):
            key = state_key(FEDERATION, Collection.PARAMETERS, b"")
            path = f"state/{key.hex()}"
            parameters = await client.fetch_receipt(path, timeout_s=_RECEIPT_TIMEOUT_S)
    problem = result["didResolutionMetadata"].get("error")
    if problem is not None:
        raise RefusedError(make_plain(f"{problem['title']}: {problem['detail']}"))
    return result, parameters


def _check(
    result: "ResolutionResult",
    did: str,
    wanted: "Version",
    trust: "TrustBundle",
    *,
    accepts_old_trust: bool,
) -> "Verified":
    """Check that a node's answer is what the ledger's validators signed, not long ago.

    Raises:
        RefusedError: It is not; or the DID is of a method that proves nothing.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from did.ledger_method import METHOD, parse_ledger_did  # noqa: PLC0415
    from did.resolution.syntax import parse_did  # noqa: PLC0415
    from ledger.receipts import parse_receipt_object  # noqa: PLC0415
    from node.ledger_dids import describe, read_version  # noqa: PLC0415

    if parse_did(did).method != METHOD:
        raise RefusedError(f"only did:{METHOD} comes with a proof: leave `--trust` out")
    named = parse_ledger_did(parse_did(did))
    receipt = result["didResolutionMetadata"].get("proof", {}).get("receipt")
    if not isinstance(receipt, dict):
        raise RefusedError("the node's answer has no proof: ask another one")
    verified = check_with_trust(
        parse_receipt_object(receipt), trust, wallet=None, accepts_old_trust=accepts_old_trust
    )
    found = describe(named.network, key=verified.key, value=verified.value, receipt=receipt)
    account, version = read_version(verified.key, verified.value or b"")
    if account != named.account or not _is_wanted(version, wanted):
        raise RefusedError("the proof is about another account or version: ask another node")
    if (found.document, found.document_metadata) != (
        result["didDocument"],
        result["didDocumentMetadata"],
    ):
        raise RefusedError("the document does not follow from its proof: ask another node")
    if time.time() * 1_000 - verified.time_ms > _AGE_S_MAX * 1_000:
        raise RefusedError(
            "the node's proof is more than an hour old, and keys may have changed since: ask "
            "another node, or look whether the chain stands still"
        )
    return verified


def _check_network(
    parameters: "JsonObject", did: str, verified: "Verified", *, accepts_old_trust: bool
) -> None:
    """Check that the chain is the network that the DID names.

    Raises:
        RefusedError: It is another.
    """
    from config.errors import RefusedError  # noqa: PLC0415
    from did.ledger_method import parse_ledger_did  # noqa: PLC0415
    from did.resolution.syntax import parse_did  # noqa: PLC0415
    from governance.records import Parameters  # noqa: PLC0415
    from governance.state_keys import FEDERATION, Collection, state_key  # noqa: PLC0415
    from ledger.receipts import parse_receipt_object  # noqa: PLC0415

    proved = check_with_trust(
        parse_receipt_object(parameters),
        verified.trust,
        wallet=None,
        accepts_old_trust=accepts_old_trust,
    )
    is_theirs = proved.key == state_key(FEDERATION, Collection.PARAMETERS, b"")
    network = parse_ledger_did(parse_did(did)).network
    if not is_theirs or Parameters.decode(proved.value or b"").network != network:
        raise RefusedError("the chain is not the network that the DID names: ask another node")


def _is_wanted(version: "KeyVersion", wanted: "Version") -> bool:
    if wanted.is_latest:
        return version.until_ms is None
    if wanted.version_id is not None:
        return str(version.number) == wanted.version_id
    time_ms = (wanted.time_s or 0) * 1_000 + 999
    return version.since_ms <= time_ms and (version.until_ms is None or time_ms < version.until_ms)
