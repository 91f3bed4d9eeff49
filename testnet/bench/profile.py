"""Where the CPU of our ledger process goes for one transaction, under the engine's load."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config.errors import InvariantError, UnavailableError
from did.jcs import JsonObject
from testnet.bench.burst import Burst, run_burst
from testnet.bench.network import Network
from testnet.bench.sampler import BEGIN, END, PROFILE_FILE, STEPS

_WRITTEN_TIMEOUT_S = 10.0
_POLL_S = 0.02
LEVELDB_THREAD = "LevelDB's own thread"
SIGNATURES = STEPS["did.keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """CPU in µs for one transaction."""

    steps: Mapping[str, float]
    """By what is done; together they are the CPU of the ledger's processes."""
    calls: Mapping[str, float]
    """By the ABCI method that is answered."""
    functions: Mapping[str, float]
    """By the innermost function of ours, the dearest first."""
    sampler_us: float
    """What looking cost on top; it is in none of the others."""
    burst: Burst


async def measure_profile(network: Network, bodies: Path, *, transactions: int) -> Profile:
    """Send a burst while the first ledger process notes what it does.

    Raises:
        InvariantError: A transaction was refused.
        UnavailableError: A process did not do its part in time.
    """
    member = network.members[0]
    if member.application is None:
        raise InvariantError("only our own process can be looked into")
    member.application.signal(BEGIN)
    burst = await run_burst(network, bodies, transactions=transactions)
    member.application.signal(END)
    path = member.home.root / PROFILE_FILE
    deadline_s = time.monotonic() + _WRITTEN_TIMEOUT_S
    while not path.is_file():
        member.application.check_alive()
        if time.monotonic() > deadline_s:
            raise UnavailableError("the ledger process does not say what it did")
        await asyncio.sleep(_POLL_S)
    return read_profile(json.loads(path.read_bytes()), burst=burst)


def read_profile(seen: JsonObject, *, burst: Burst) -> Profile:
    """Turn what the sampler wrote into costs of one transaction."""

    def share(counted: Mapping[str, int]) -> dict[str, float]:
        return {name: ns / 1_000 / burst.transactions for name, ns in counted.items()}

    steps = share(seen["steps"])
    totals = share({name: seen[name] for name in ("process_ns", "sampler_ns")})
    # What no Python thread used: the kernel's account of the process knows it.
    steps[LEVELDB_THREAD] = max(0.0, totals["process_ns"] - sum(steps.values()))
    # What the ledger's other processes used: they check signatures and do nothing else.
    beside = burst.application_cpu_us - totals["process_ns"] - totals["sampler_ns"]
    steps[SIGNATURES] = steps.get(SIGNATURES, 0.0) + max(0.0, beside)
    return Profile(
        steps=steps,
        calls=share(seen["calls"]),
        functions=share(seen["functions"]),
        sampler_us=totals["sampler_ns"],
        burst=burst,
    )
