"""Asking the nodes that a trust bundle names: for the genesis file, for the header it believes.

Apart from `node.joining`, which the ledger's process uses and which has no network. Nobody is
believed: the genesis file must have the bundle's hash, and only nodes that have the header
which the bundle believes are named to the engine, whose light client checks all the rest.
"""

import asyncio
import hashlib
from urllib.parse import urlsplit

from config.errors import MisconfiguredError, RefusedError, UnavailableError
from config.limits import FETCH_BYTES_MAX
from config.settings import NetworkSection, Settings
from config.snapshot_limits import STATE_SOURCES_MAX
from did.jcs import parse_json_object
from ledger.engine import StateSource
from ledger.headers import parse_header
from ledger.trust import TrustBundle, TrustPeer
from node import joining
from node.home import Home
from node.web.http_client import HttpClient

_JSON = frozenset({"application/json"})
_OTHER_BLOCK = "has another block"


async def fetch_genesis(trust: TrustBundle, network: NetworkSection) -> bytes:
    """Fetch the genesis file that a bundle names from one of its nodes.

    Args:
        trust: The bundle.
        network: For the addresses of `.test` names.

    Raises:
        UnavailableError: No node gave it; says what each answered.
    """
    said = []
    async with _open_client(network) as client:
        for peer in trust.peers:
            try:
                answer = await client.fetch(f"{peer.origin}/genesis.json", headers={}, types=_JSON)
            except (RefusedError, UnavailableError) as error:
                said.append(f"{peer.origin}: {error}")
                continue
            if hashlib.sha256(answer.body).digest() == trust.genesis_hash:
                return answer.body
            said.append(f"{peer.origin}: has the genesis file of another chain")
    raise UnavailableError(
        f"no node of the trust bundle gave the genesis file ({_list(said)}): are they running, "
        "can this machine reach them? Or name the file with `--genesis`"
    )


def find_state_source(home: Home, settings: Settings) -> StateSource | None:
    """Where the engine takes over a state; None if it has one, or executes every block.

    Raises:
        MisconfiguredError: The bundle cannot be used, or every node that answers has another
            block than it says.
        UnavailableError: None of its nodes answers.
    """
    if joining.read_progress(home) is None:
        return None
    try:
        trust = joining.load_bundle(home)
        if trust is None:
            return None
        servers = asyncio.run(_find_servers(trust, settings.network, home=home))
    except (MisconfiguredError, UnavailableError) as error:
        joining.note_problem(home, str(error))
        raise
    return StateSource(
        # The engine wants two, so that one checks the other: with one, we know of no other.
        rpc_servers=servers if len(servers) > 1 else servers * 2,
        trust_height=trust.height,
        trust_hash=trust.header_hash,
        trusting_days=trust.trusting_days,
    )


async def _find_servers(
    trust: TrustBundle, network: NetworkSection, *, home: Home
) -> tuple[str, ...]:
    """The bundle's nodes that have the header which it believes, as the engine asks them."""
    async with _open_client(network) as client:
        found = await asyncio.gather(*(_ask(client, peer, trust) for peer in trust.peers))
    agreeing = [peer for peer, problem in zip(trust.peers, found, strict=True) if not problem]
    said = [f"{peer.origin}: {problem}" for peer, problem in zip(trust.peers, found, strict=True)]
    if agreeing:
        return tuple(_locate(peer.origin, network) for peer in agreeing[:STATE_SOURCES_MAX])
    if any(problem == _OTHER_BLOCK for problem in found):
        raise MisconfiguredError(
            f"block {trust.height} is another than {home.trust_path} says ({_list(said)}): the "
            "bundle or these nodes are of another chain. Compare its fingerprint by telephone "
            "with a second cooperative, or put a fresh bundle there"
        )
    raise UnavailableError(
        f"no node of {home.trust_path} shows block {trust.height} ({_list(said)}): are they "
        "running, can this machine reach them? A fresh bundle (`rochdale trust export`) names "
        "those of today"
    )


async def _ask(client: HttpClient, peer: TrustPeer, trust: TrustBundle) -> str:
    """Why a node cannot be asked for headers; empty if it can."""
    url = f"{peer.origin}/ledger/commit?height={trust.height}"
    try:
        answer = await client.fetch(url, headers={}, types=_JSON)
        commit = parse_json_object(answer.body, bytes_max=FETCH_BYTES_MAX)
        header = parse_header(commit["signed_header"]["header"])
    except (RefusedError, UnavailableError) as error:
        return str(error)
    except (KeyError, TypeError):
        return "did not answer as a node does"
    return "" if header.compute_hash() == trust.header_hash else _OTHER_BLOCK


def _open_client(network: NetworkSection) -> HttpClient:
    return HttpClient(test_hosts=network.hosts, is_test_chain=network.is_test_chain)


def _locate(origin: str, network: NetworkSection) -> str:
    """The URL at which a node speaks the engine's JSON-RPC."""
    address = network.hosts.get(urlsplit(origin).hostname or "")
    if address is not None and network.is_test_chain:
        return f"http://{address}/ledger"
    return f"{origin}/ledger"


def _list(said: list[str]) -> str:
    return "; ".join(said) or "it names none"
