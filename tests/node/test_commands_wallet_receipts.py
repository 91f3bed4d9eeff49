"""`rochdale wallet receipts`, at nodes that answer with something else than was asked for."""

import json
import secrets
from pathlib import Path

import pytest

from did.wallets import STRENGTH_TEST, Wallet, bind_wallet, create_wallet, save_wallet
from did.wallets import Home as WalletHome
from governance.proposal_records import compute_ballot_id
from ledger.receipts import ReceiptKind
from node import exit_codes, member_client
from tests.ledger import receipt_samples as samples
from tests.node.answering import serve
from tests.node.terminal import PASSPHRASE, Terminal

ACCOUNT_WALLET = create_wallet(random=lambda size: bytes([3]) * size)


pytestmark = pytest.mark.usefixtures("samples_clock")


@pytest.fixture
def bound_wallet(member_terminal: Terminal) -> Path:
    """A wallet of the cooperative that voted."""
    path = member_terminal.root / "b.wallet"
    home = WalletHome(
        network="test", cooperative_id=samples.COOPERATIVE, origin="https://node.test"
    )
    save_wallet(
        path,
        bind_wallet(ACCOUNT_WALLET, home),
        PASSPHRASE,
        random=secrets.token_bytes,
        strength=STRENGTH_TEST,
    )
    return path


def _list(*rows: object, following: str | None = None) -> bytes:
    return json.dumps({"proposals": rows, "next": following}).encode()


ROW = {
    "id": samples.PROPOSAL.hex(),
    "stage": "closed",
    "text_hash": "00" * 32,
    "discussion_ends_ms": 0,
}


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            {
                "/api/proposals": _list(ROW),
                "/api/receipts": samples.render(samples.make_counted_receipt(0)),
            },
            "the ballot is not this wallet's",
        ),
        (
            {
                "/api/proposals": _list(ROW),
                "/api/receipts": samples.render(
                    samples.make_receipt(samples.PARAMETERS_KEY, ReceiptKind.STATE)
                ),
            },
            "it is not about a ballot",
        ),
        (
            {"/api/proposals": _list(ROW), "/api/receipts": b'{"kind": "ballot"}'},
            f"receipt for {samples.PROPOSAL.hex()} does not hold",
        ),
        ({"/api/proposals": _list(ROW | {"id": "../../x"})}, "(proposals[0].id is malformed)"),
        ({"/api/proposals": _list("proposal")}, "(proposals[0] is no object)"),
        (
            {
                "/api/proposals?before": _list("proposal"),
                "/api/proposals": _list(following="/api/proposals?before=1"),
            },
            "(proposals[0] is no object)",
        ),
        ({"/api/proposals": b'{"proposals": 1}'}, "(proposals is no list)"),
    ],
)
def test_a_node_cannot_pass_off_somebody_elses_ballot(
    member_terminal: Terminal,
    trust: Path,
    bound_wallet: Path,
    answers: dict[str, bytes],
    sentence: str,
) -> None:
    """Nor write a file of its choosing, nor end the command without a sentence."""
    kept = member_terminal.root / "kept"
    kept.mkdir()
    with serve(answers) as url:
        asked = ("wallet", "receipts", bound_wallet, "--node", url, "--trust", trust, "-o", kept)
        said = member_terminal.type(*asked)

    assert sentence in said
    is_strange = sentence.startswith("(")  # no node of ours, as far as one can tell
    assert member_terminal.code == (exit_codes.UNAVAILABLE if is_strange else exit_codes.FAILED)
    assert list(kept.iterdir()) == []


def test_a_true_ballot_of_this_wallet_is_shown_for_its_own_proposal_only(
    member_terminal: Terminal, trust: Path, bound_wallet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node could answer with another vote's, to hide that this one was left out."""
    (ballot_id, _), other = samples.BALLOTS[0], "ab" * 32
    [account] = [
        item
        for item in samples.ACCOUNTS
        if compute_ballot_id(proposal_id=samples.PROPOSAL, account=item) == ballot_id
    ]
    monkeypatch.setattr(Wallet, "account_id", account)
    receipt = samples.render(samples.make_counted_receipt(0))
    asked = ("wallet", "receipts", bound_wallet, "--trust", trust, "--node")
    with serve({"/api/proposals": _list(ROW), "/api/receipts": receipt}) as url:
        assert samples.PROPOSAL.hex()[:16] in member_terminal.do(*asked, url)
    with serve({"/api/proposals": _list(ROW | {"id": other}), "/api/receipts": receipt}) as url:
        assert "about another proposal than was asked for" in member_terminal.type(*asked, url)

    assert member_terminal.code == exit_codes.FAILED


def test_a_list_without_end_ends(
    member_terminal: Terminal, trust: Path, bound_wallet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node may always name another page."""
    monkeypatch.setattr(member_client, "_PAGES_MAX", 3)
    with serve({"/api/proposals": _list(following="/api/proposals?before=1")}) as url:
        said = member_terminal.do(
            "wallet", "receipts", bound_wallet, "--node", url, "--trust", trust
        )

    assert "no ballot of yours" in said
