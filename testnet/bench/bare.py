"""The limits under everything: what the libraries and the disk do alone, on this machine.

Measured in the same run as the figures, so that they can be read against each other.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import plyvel
from nacl.bindings import crypto_sign_open
from tendermint.abci import types_pb2 as abci

from testnet.bench.electorate import TX_BYTES, derive_key
from testnet.bench.grow import measure_hashing_s
from testnet.bench.spread import compute_percentile

_SECONDS = 0.5
_TOGETHER = 200
_BATCH_PUTS = 2_000
_VALUE = bytes(180)
_SYNCED_BYTES = 4_096
_HASHES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BareLimits:
    """Rates per second, and times."""

    verify_per_s: float
    """PyNaCl, Ed25519 over a ballot's bytes, one thread."""
    verify_two_threads_per_s: float
    leveldb_batches_per_s: float
    """Batches of 2,000 puts, each synced."""
    leveldb_puts_per_s: float
    protobuf_results_per_s: float
    """Results of one transaction with one event of three attributes, built and encoded."""
    fsync_p50_ms: float
    """Writing 4 KiB and waiting for the disk."""
    sha_us: float
    """One SHA-256 of 65 bytes."""


def measure_bare_limits(directory: Path) -> BareLimits:
    """Measure for a few seconds.

    Args:
        directory: On the disk that the benchmark uses.
    """
    batches_per_s = _measure_leveldb(directory / "bare")
    return BareLimits(
        verify_per_s=_measure_verify(threads=1),
        verify_two_threads_per_s=_measure_verify(threads=2),
        leveldb_batches_per_s=batches_per_s,
        leveldb_puts_per_s=batches_per_s * _BATCH_PUTS,
        protobuf_results_per_s=_count_per_s(_encode_results) * _TOGETHER,
        fsync_p50_ms=_measure_fsync_ms(directory / "synced"),
        sha_us=measure_hashing_s(_HASHES) * 1e6 / _HASHES,
    )


def _count_per_s(work: Callable[[], object]) -> float:
    """How often a piece of work is done in a second."""
    count, began_s = 0, time.monotonic()
    while (taken_s := time.monotonic() - began_s) < _SECONDS:
        work()
        count += 1
    return count / taken_s


def _measure_verify(*, threads: int) -> float:
    key, message = derive_key("member 0"), bytes(TX_BYTES - 64)
    signed = key.sign(message) + message

    def verify() -> None:
        for _ in range(_TOGETHER):
            crypto_sign_open(signed, key.public_key)

    if threads == 1:
        return _count_per_s(verify) * _TOGETHER
    with ThreadPoolExecutor(threads) as pool:
        rates = [pool.submit(_count_per_s, verify) for _ in range(threads)]
        return sum(rate.result() for rate in rates) * _TOGETHER


def _measure_leveldb(path: Path) -> float:
    database = plyvel.DB(str(path), create_if_missing=True)
    number = 0

    def write() -> None:
        nonlocal number
        with database.write_batch(sync=True) as batch:
            for _ in range(_BATCH_PUTS):
                number += 1
                batch.put(b"%065d" % number, _VALUE)

    try:
        return _count_per_s(write)
    finally:
        database.close()


def _encode_results() -> bytes:
    attributes = [abci.EventAttribute(key=name, value="0" * 64) for name in ("a", "b", "c")]
    results = [
        abci.ExecTxResult(events=[abci.Event(type="ballot_cast", attributes=attributes)])
        for _ in range(_TOGETHER)
    ]
    return abci.ResponseFinalizeBlock(tx_results=results).SerializeToString()


def _measure_fsync_ms(path: Path) -> float:
    taken_ms: list[float] = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)

    def write() -> None:
        began_s = time.monotonic()
        os.write(descriptor, bytes(_SYNCED_BYTES))
        os.fdatasync(descriptor)
        taken_ms.append((time.monotonic() - began_s) * 1e3)

    try:
        _count_per_s(write)
    finally:
        os.close(descriptor)
    return compute_percentile(taken_ms, 50)
