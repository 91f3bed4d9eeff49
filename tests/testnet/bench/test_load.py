"""What the load generator sends and how it reads the answers."""

import base64
import json
from pathlib import Path

import pytest

from testnet.bench.load import BATCH_TXS, describe_refusals, read_bodies, write_bodies


def test_bodies_hold_every_transaction_in_order(tmp_path: Path) -> None:
    """Full batches, and a last one with the rest."""
    transactions = [b"%d" % number for number in range(BATCH_TXS + 3)]
    path = tmp_path / "bodies"
    write_bodies(path, transactions, method="broadcast_tx_sync")
    bodies = [json.loads(body) for body in read_bodies(path)]

    assert [len(body) for body in bodies] == [BATCH_TXS, 3]
    sent = [base64.b64decode(item["params"]["tx"]) for body in bodies for item in body]
    assert sent == transactions
    assert {item["method"] for body in bodies for item in body} == {"broadcast_tx_sync"}


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([b'[{"id":0,"result":{"code":0,"log":""}},{"id":1,"result":{"code":0,"log":""}}]'], ""),
        ([b'[{"result":{"code":0,"log":""}},{"result":{"code":7,"log":"why"}}]'], "why"),
        ([b'[{"result":{"code":0,"log":""}},{"error":{"message":"mempool is full"}}]'], "full"),
        ([b'{"error":{"message":"batch too large"}}'], "too large"),
        ([b'[{"result":{"code":0,"log":""}}]'], "answered 1"),
        ([], "answered 0"),
    ],
)
def test_whatever_was_not_taken_is_seen(answers: list[bytes], found: str) -> None:
    """A refusal, an error, a missing answer."""
    described = describe_refusals(answers, sent=2)

    assert found in described
    assert bool(found) is bool(described)
