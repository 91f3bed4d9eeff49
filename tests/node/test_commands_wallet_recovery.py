"""`rochdale wallet recover begin`, at nodes that say something else than the ledger does."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import base58
import pytest

from did.guardians import Guardians
from did.jcs import JsonObject
from did.keys import KeyPair
from governance.key_records import Recovery
from governance.state_keys import Collection, state_key
from ledger.app_hash import AppHashParts
from ledger.receipts import Receipt, ReceiptKind
from ledger.trust import write_trust_bundle
from node import exit_codes
from node.account_recovery import parse_recovery
from node.ledger_dids import home_key
from tests.ledger import plain_tree
from tests.ledger.receipt_samples import COOPERATIVE, NOW_MS
from tests.ledger.signed_chain import CHAIN_ID, SignedChain
from tests.node.answering import serve
from tests.node.terminal import Terminal

ACCOUNT, OTHER = bytes([7]) * 32, bytes([8]) * 32
DID = f"did:rochdale:test:z{base58.b58encode(ACCOUNT).decode()}"
LAST = Recovery(
    attempt=4,
    due_ms=0,
    is_final=False,
    keys=(bytes(32),),
    signatures_required=1,
    next_key_commitment=bytes(32),
    guardians_commitment=bytes(32),
    nonce=1,
)
RECOVERY_KEY = state_key(COOPERATIVE, Collection.KEY_RECOVERY, ACCOUNT)
STATE = {home_key(ACCOUNT): COOPERATIVE, RECOVERY_KEY: LAST.encode()}
PARTS = AppHashParts(
    state_root=plain_tree.compute_root(plain_tree.hash_leaves(STATE)),
    log_root=bytes([3]) * 32,
    params_root=bytes([4]) * 32,
)
CHAIN = SignedChain([(0, 1, 2, 3)], app_hash=PARTS.compute())
Lie = Callable[[dict[bytes, JsonObject]], object]


def make_receipt(key: bytes) -> JsonObject:
    """What an honest node answers."""
    return Receipt(
        chain_id=CHAIN_ID,
        kind=ReceiptKind.STATE,
        key=key,
        value=STATE.get(key),
        proof=(plain_tree.prove(STATE, key), PARTS.prove_state()),
        block=CHAIN.get_block(6),
    ).to_json()


class Asking:
    """Somebody who has lost all, and begins a recovery."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, root = terminal, terminal.root
        terminal.do("wallet", "new", root / "new.wallet", "--test-chain")
        keys = sorted(KeyPair(bytes([number]) * 32).public_key for number in range(3))
        guardians = Guardians(keys=tuple(keys), salt=bytes(32), threshold=2, override=3)
        (root / "guardians.json").write_bytes(guardians.render())
        (root / "trust.json").write_bytes(write_trust_bundle(CHAIN.get_trust(2)))
        self.trust = ("--trust", root / "trust.json")
        self.request = root / "request.json"

    def begin(self, *options: str | Path, lie: Lie = dict, cooperative: bytes = COOPERATIVE) -> str:
        """Ask a node that lies in its receipts or of its cooperative."""
        recovery = state_key(cooperative, Collection.KEY_RECOVERY, ACCOUNT)
        answers = {key: make_receipt(key) for key in (home_key(ACCOUNT), recovery)}
        lie(answers)
        status = {
            "network": "test",
            "chain_id": CHAIN_ID,
            "cooperative": cooperative.hex(),
            "origin": "https://node.test",
        }
        served = {f"/api/receipts/state/{key.hex()}": answers[key] for key in answers}
        served["/api/status"] = status
        root = self.terminal.root
        with serve({path: json.dumps(answer).encode() for path, answer in served.items()}) as url:
            return self.terminal.type(
                *("wallet", "recover", "begin", DID, "--guardians", root / "guardians.json"),
                *("-w", root / "new.wallet", "--node", url, "-o", self.request, *options),
            )


@pytest.fixture
def asking(member_terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Asking:
    monkeypatch.setattr(time, "time", lambda: NOW_MS / 1_000)
    return Asking(member_terminal)


def say_seven(answers: dict[bytes, JsonObject]) -> None:
    """Another number than the ledger's, under a proof of that."""
    seven = Recovery(
        **{name: getattr(LAST, name) for name in LAST.__struct_fields__} | {"attempt": 7}
    )
    answers[RECOVERY_KEY]["value"] = seven.encode().hex()


def say_none(answers: dict[bytes, JsonObject]) -> None:
    """A true answer to another question."""
    answers[RECOVERY_KEY] = make_receipt(state_key(COOPERATIVE, Collection.KEY_RECOVERY, OTHER))


def test_the_attempt_is_the_one_after_the_ledgers_last(asking: Asking) -> None:
    """Proved, it needs nobody's word."""
    said = asking.begin(*asking.trust)

    assert asking.terminal.code == exit_codes.OK, said
    assert parse_recovery(asking.request.read_bytes()).payload.attempt == 5
    assert "the node's word" not in said


@pytest.mark.parametrize(
    ("lie", "cooperative", "sentence"),
    [
        (say_seven, COOPERATIVE, "what the node says of the account does not hold"),
        (say_none, COOPERATIVE, "something else than was asked"),
        (dict, OTHER, "not of this node's cooperative"),
    ],
)
def test_a_node_cannot_make_up_an_attempt(
    asking: Asking, lie: Lie, cooperative: bytes, sentence: str
) -> None:
    """Guardians would sign in vain, and the day would be lost."""
    said = asking.begin(*asking.trust, lie=lie, cooperative=cooperative)

    assert sentence in said
    assert asking.terminal.code == exit_codes.FAILED
    assert not asking.request.exists()


def test_without_trust_the_nodes_word_is_named_so(asking: Asking) -> None:
    """With what would check it."""
    said = asking.begin(lie=say_seven)

    assert parse_recovery(asking.request.read_bytes()).payload.attempt == 8
    assert "That this is attempt 8 is the node's word" in said
    assert "`--trust FILE`" in said
