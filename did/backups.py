"""Shares of a master secret in words: some of them together restore a wallet (SLIP-0039).

Fewer shares than the threshold say nothing about the secret. Words, checksum and splitting
are the standard's, so any SLIP-39 implementation reads the shares. Never writes or shows
anything.
"""

import difflib
from collections.abc import Sequence

from shamir_mnemonic import MnemonicError, Share, combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from did.wallet_files import WalletError
from did.wallets import ColdKeys

SHARES_MAX = 16
"""The standard's."""
_SHARE_CHARACTERS_MAX = 600
"""A share of 32 bytes has 33 words of at most 8 letters."""
_SHARE_WORDS = 33


def make_shares(
    cold: ColdKeys, *, needed_count: int, shares_count: int, passphrase: str = ""
) -> list[str]:
    """Split what a wallet's keys derive from into shares of 33 words each.

    The splitting takes its randomness from the operating system.

    Args:
        cold: Whose backup it is.
        needed_count: Shares that restore it, at least 2.
        shares_count: Shares made, at most 16.
        passphrase: Needed beside the shares; printable ASCII, empty for none. Nobody can tell
            a wrong one from the right one: it restores another wallet.

    Raises:
        WalletError: Counts or passphrase that the standard does not allow.
    """
    if not 2 <= needed_count <= shares_count <= SHARES_MAX:
        raise WalletError(
            f"choose 2 to {SHARES_MAX} shares, and at least 2 of them to restore the wallet"
        )
    group = [(needed_count, shares_count)]
    return list(generate_mnemonics(1, group, cold.master, _read_passphrase(passphrase))[0])


def combine_shares(shares: Sequence[str], *, passphrase: str = "") -> ColdKeys:
    """Restore from shares what a wallet's keys derive from.

    Args:
        shares: In any order; further ones than needed must belong too.
        passphrase: As it was when the shares were made.

    Raises:
        WalletError: A mistyped word, shares of different backups, one share twice, too few; the
            reason says which share, counted from 1, and what to do.
    """
    read = [_read_share(share, number) for number, share in enumerate(shares, 1)]
    if not read:
        raise WalletError("give the shares, each a line of words")
    _check_set(read)
    try:
        master = combine_mnemonics(
            [share.mnemonic() for share in read[: read[0].member_threshold]],
            _read_passphrase(passphrase),
        )
    except MnemonicError as error:
        raise WalletError(
            "the shares do not restore a wallet: one of them is damaged, try others"
        ) from error
    return ColdKeys(master=master)


def count_needed(share: str) -> int:
    """How many shares the backup of this share needs.

    Raises:
        WalletError: It is no share, or a word is mistyped.
    """
    return int(_read_share(share, 1).member_threshold)


def _read_share(text: str, number: int) -> Share:
    words = text[: _SHARE_CHARACTERS_MAX + 1].lower().split()
    if len(text) > _SHARE_CHARACTERS_MAX or len(words) != _SHARE_WORDS:
        raise WalletError(
            f"share {number} has not {_SHARE_WORDS} words: look if one is missing or doubled"
        )
    for place, word in enumerate(words, 1):
        if word not in WORDLIST:
            raise WalletError(f"share {number}, word {place} is not on the list{_suggest(word)}")
    try:
        share = Share.from_mnemonic(" ".join(words))
    except MnemonicError as error:
        raise WalletError(
            f"share {number} is mistyped: its words exist, but do not belong together; compare "
            "each with the paper"
        ) from error
    if (share.group_threshold, share.group_count) != (1, 1):
        raise WalletError(f"share {number} is of a backup with groups, which wallets do not make")
    return share


def _check_set(shares: Sequence[Share]) -> None:
    first = shares[0]
    for number, share in enumerate(shares, 1):
        if share.group_parameters() != first.group_parameters():
            raise WalletError(
                f"share {number} is of another backup than share 1: bring shares of one backup"
            )
    if len({share.index for share in shares}) != len(shares):
        raise WalletError("a share was given twice: each counts once")
    if len(shares) < first.member_threshold:
        raise WalletError(
            f"{first.member_threshold} shares are needed, {len(shares)} given: bring more"
        )


def _suggest(word: str) -> str:
    near = difflib.get_close_matches(word, WORDLIST, n=1)
    # The word is a part of a secret: it is the reader's own terminal that shows it.
    return f": did you mean “{near[0]}”?" if near else ": compare it with the paper"


def _read_passphrase(passphrase: str) -> bytes:
    if not all(" " <= letter <= "~" for letter in passphrase):
        raise WalletError("a backup's passphrase has printable ASCII letters only")
    return passphrase.encode()
