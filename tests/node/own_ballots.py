"""What a member finds of their own ballots at a real node."""

import re
from pathlib import Path

from tests.node.terminal import Terminal


def check_own_ballots(
    node: Terminal,
    home: Path,
    wallets: list[Path],
    url: str,
    *,
    motion: str,
    release: str,
    outcome: str | None = None,
) -> None:
    """A wallet finds its ballots without knowing what it voted on, and nobody else's."""
    kind, words = ("counted", "counted, accepted") if outcome else ("ballot", "on the ledger")
    trust = ["--trust", home / "genesis.json"]
    at = ["--node", url, *trust]
    said = node.do("wallet", "receipts", wallets[0], *at)
    pattern = rf"{motion[:16]}…  yes, {words} as of block [0-9]+  Open on Sundays\n"
    assert re.fullmatch(pattern, said)
    directory = node.root / f"receipts-{kind}"
    directory.mkdir()
    told = node.ask("wallet", "receipts", wallets[1], "-o", directory, *at)["ballots"]
    assert [(row["proposal"], row["kind"], row["choice"], row["outcome"]) for row in told] == [
        (release, kind, "yes", outcome),
        (motion, kind, "yes", outcome),
    ]
    for row in told:
        assert Path(row["receipt"]).stat().st_mode & 0o077 == 0
        node.do("ledger", "verify", row["receipt"], *trust, "--wallet", wallets[1])
    none = node.do("wallet", "receipts", wallets[2], *at)
    assert "no ballot of yours" in none
