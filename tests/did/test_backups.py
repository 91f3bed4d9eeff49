"""Backups in words."""

import itertools
import json
from pathlib import Path

import pytest
from shamir_mnemonic import MnemonicError, combine_mnemonics

from did.backups import combine_shares, count_needed, make_shares
from did.wallet_files import WalletError
from did.wallets import ColdKeys

COLD = ColdKeys(master=bytes(range(32)))
VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "slip39" / "vectors.json").read_bytes()
)


@pytest.mark.parametrize(
    ("name", "shares", "secret"), [row[:3] for row in VECTORS], ids=[row[0] for row in VECTORS]
)
def test_the_library_follows_the_published_vectors(
    name: str, shares: list[str], secret: str
) -> None:
    """SLIP-0039's own; ours are restored by the same rules."""
    if secret:
        assert combine_mnemonics(shares, b"TREZOR").hex() == secret, name
        return
    with pytest.raises(MnemonicError):
        combine_mnemonics(shares, b"TREZOR")


@pytest.mark.parametrize(
    ("name", "shares", "secret"), [row[:3] for row in VECTORS], ids=[row[0] for row in VECTORS]
)
def test_we_restore_what_is_ours_and_refuse_the_rest(
    name: str, shares: list[str], secret: str
) -> None:
    """32-byte secrets without groups restore; all else is refused with a reason."""
    is_ours = len(secret) == 64 and "roup" not in name and "threshold" not in name
    try:
        restored = combine_shares(shares, passphrase="TREZOR").master.hex()
    except WalletError as error:
        assert error.reason
        assert not is_ours or len(shares[0].split()) != 33
    else:
        assert restored == secret


def test_any_two_of_three_restore_and_one_does_not() -> None:
    """In any order, in any case."""
    shares = make_shares(COLD, needed_count=2, shares_count=3)

    for pair in itertools.permutations(shares, 2):
        assert combine_shares([pair[0].upper(), f"  {pair[1]}\n"]) == COLD
    assert combine_shares(shares) == COLD
    assert count_needed(shares[2]) == 2
    with pytest.raises(WalletError, match="2 shares are needed, 1 given"):
        combine_shares(shares[:1])


def test_a_passphrase_makes_another_wallet() -> None:
    """Nobody can tell that it is the wrong one: so the standard wants it."""
    shares = make_shares(COLD, needed_count=2, shares_count=2, passphrase="blue")

    assert combine_shares(shares, passphrase="blue") == COLD
    assert combine_shares(shares) != COLD
    with pytest.raises(WalletError, match="ASCII"):
        make_shares(COLD, needed_count=2, shares_count=2, passphrase="grün")


def test_mistakes_are_said_to_be_what_they_are() -> None:
    """Where to look, and what to bring."""
    shares = make_shares(COLD, needed_count=2, shares_count=3)
    others = make_shares(COLD, needed_count=2, shares_count=3)
    words = shares[1].split()
    typo = " ".join([*words[:4], "acadmic", *words[5:]])
    swapped = " ".join([words[1], words[0], *words[2:]])

    for given, said in (
        ([shares[0], typo], "share 2, word 5 .* did you mean “academic”"),
        ([shares[0], swapped], "share 2 is mistyped"),
        ([shares[0], " ".join(words[:-1])], "share 2 has not 33 words"),
        ([shares[0], others[1]], "share 2 is of another backup"),
        ([shares[0], shares[0]], "given twice"),
        ([], "give the shares"),
        (["word " * 10_000], "has not 33 words"),
    ):
        with pytest.raises(WalletError, match=said):
            combine_shares(given)


@pytest.mark.parametrize(("needed", "count"), [(1, 3), (0, 2), (4, 3), (2, 17)])
def test_refuses_counts_that_protect_nothing(needed: int, count: int) -> None:
    """A single share that restores all would be a plain copy."""
    with pytest.raises(WalletError, match="choose 2 to 16"):
        make_shares(COLD, needed_count=needed, shares_count=count)
