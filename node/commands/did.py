"""`rochdale did`: what a DID resolves to, checked where it can be."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

import typer

from node.commands.options import JsonOption, say, say_json
from node.commands.wallet_options import OldTrustOption, check_with_trust

if TYPE_CHECKING:
    from did.jcs import JsonObject
    from did.ledger_method import KeyVersion
    from did.resolution.results import Version
    from ledger.trust import TrustBundle

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
    result = asyncio.run(_fetch(node, parsed.text, query))
    if bundle is not None:
        _check(result, text, wanted, bundle, accepts_old_trust=old_trust)
    if as_json:
        say_json({**result, "is_checked": bundle is not None})
        return
    _say_document(result)
    if bundle is not None:
        say("[green]The document follows from the ledger[/]: its validators signed it.")
    elif parsed.method == "rochdale":
        say("The node was believed: `--trust` with a genesis file or trust bundle checks it.")


def _say_document(result: "JsonObject") -> None:
    sys.stdout.write(json.dumps(result["didDocument"], indent=2) + "\n")
    metadata = result["didDocumentMetadata"]
    for name in ("versionId", "created", "updated", "deactivated"):
        if name in metadata:
            say(f"  {name}  {metadata[name]}")


async def _fetch(node: str, did: str, query: str) -> "JsonObject":
    from config.errors import RefusedError  # noqa: PLC0415
    from node.member_client import NodeClient  # noqa: PLC0415

    async with NodeClient(node) as client:
        result = await client.resolve_did(did, query=query)
    metadata = result.get("didResolutionMetadata")
    problem = metadata.get("error") if isinstance(metadata, dict) else None
    if isinstance(problem, dict):
        raise RefusedError(f"{problem.get('title')}: {problem.get('detail')}")
    if not isinstance(result.get("didDocumentMetadata"), dict) or "didDocument" not in result:
        raise RefusedError("the node's answer is no resolution result: ask another one")
    return result


def _check(
    result: "JsonObject",
    did: str,
    wanted: "Version",
    trust: "TrustBundle",
    *,
    accepts_old_trust: bool,
) -> None:
    """Check that a node's answer is what the ledger's validators signed.

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
    proof = result["didResolutionMetadata"].get("proof")
    receipt = proof.get("receipt") if isinstance(proof, dict) else None
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


def _is_wanted(version: "KeyVersion", wanted: "Version") -> bool:
    if wanted.is_latest:
        return version.until_ms is None
    if wanted.version_id is not None:
        return str(version.number) == wanted.version_id
    time_ms = (wanted.time_s or 0) * 1_000 + 999
    return version.since_ms <= time_ms and (version.until_ms is None or time_ms < version.until_ms)
