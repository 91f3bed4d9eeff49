"""`rochdale wallet backup`, `restore`, `sign` and `check`: keeping keys, and signing with them.

Shares and recovery keys come from prompts or private files, never from the command line.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.commands.options import JsonOption, say, say_json
from node.commands.output_files import write_private
from node.commands.wallet import WalletArgument
from node.commands.wallet_making import TestChainOption, place_cold_file, write_new_wallet
from node.commands.wallet_options import (
    PassphraseFileOption,
    open_wallet,
    read_passphrase,
)

if TYPE_CHECKING:
    from did.wallets import ColdKeys

_SECRET_FILE_BYTES_MAX = 4_096
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"
"""Empties the screen and what was scrolled off it."""
_SIGNED_BYTES_MAX = 64 * 1_048_576

BackupPassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--backup-passphrase-file",
        help="File with a passphrase that is needed beside the shares.",
    ),
]
SharesOption = Annotated[
    list[Path] | None,
    typer.Option("--share", help="File with a share; once for each. Else you are asked."),
]
SealedOption = Annotated[
    Path | None,
    typer.Option("--sealed", help="A web wallet's sealed file, in place of shares."),
]
RecoveryKeyOption = Annotated[
    Path | None,
    typer.Option("--recovery-key-file", help="File with its recovery key. Else you are asked."),
]
SignedArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Text or other file.")]


def backup(
    *,
    cold: Annotated[Path, typer.Argument(metavar="COLDFILE", help="The wallet's cold file.")],
    needed: Annotated[int, typer.Option("--needed", help="Shares that restore the wallet.")] = 2,
    shares: Annotated[int, typer.Option("--shares", help="Shares to make, at most 16.")] = 3,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write SHARES to OUTPUT.1, OUTPUT.2, …; else shown."),
    ] = None,
    passphrase_file: PassphraseFileOption = None,
    backup_passphrase_file: BackupPassphraseOption = None,
) -> None:
    """Split a wallet's keys into shares of 33 words (SLIP-39), to be kept in different places.

    Without --output each share is shown alone, for you to write down, and then taken off the
    screen. The shares restore all keys, also those that you rotate to later.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from did.backups import make_shares  # noqa: PLC0415
    from did.wallets import load_cold_keys  # noqa: PLC0415

    if output is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise MisconfiguredError("nobody is there to read the shares: name files with `--output`")
    files = (
        []
        if output is None
        else [output.with_name(f"{output.name}.{n + 1}") for n in range(shares)]
    )
    for file in files:
        if file.exists():
            raise MisconfiguredError(f"{file} exists: choose another name with `--output`")
    keys = load_cold_keys(cold, read_passphrase(passphrase_file))
    made = make_shares(
        keys,
        needed_count=needed,
        shares_count=shares,
        passphrase=_read_optional(backup_passphrase_file),
    )
    for file, share in zip(files, made, strict=False):
        write_private(file, share.encode() + b"\n")
        say(f"Wrote a share to {file}")
    if not files:
        _show_shares(made)
    say(f"Any {needed} of the {shares} shares restore the wallet: keep them in different places.")


def restore(
    *,
    path: Annotated[Path, typer.Argument(metavar="WALLET", help="File to make.")],
    share: SharesOption = None,
    sealed: SealedOption = None,
    recovery_key_file: RecoveryKeyOption = None,
    cold: Annotated[
        Path | None, typer.Option("--cold", help="Where the cold file goes; else WALLET.cold.")
    ] = None,
    rotations: Annotated[
        int, typer.Option("--rotations", help="How many times the key has been rotated.")
    ] = 0,
    passphrase_file: PassphraseFileOption = None,
    backup_passphrase_file: BackupPassphraseOption = None,
    test_chain: TestChainOption = False,
) -> None:
    """Make a wallet and its cold file anew from shares, or from a web wallet's sealed file.

    Then bind it to its cooperative with `rochdale wallet apply`; a member's account is found
    again, because its id follows from the keys.
    """
    from did.wallets import rotate_wallet  # noqa: PLC0415

    cold = place_cold_file(path, cold)
    if sealed is not None:
        keys = _open_sealed(sealed, recovery_key_file)
    else:
        keys = _combine(share or [], _read_optional(backup_passphrase_file))
    wallet = keys.make_wallet()
    for _ in range(rotations):
        wallet = rotate_wallet(wallet, keys)
    passphrase = read_passphrase(passphrase_file, is_new=True)
    write_new_wallet(
        wallet,
        path,
        passphrase=passphrase,
        strength_is_test=test_chain,
        cold=(keys, cold, passphrase),
    )
    say(f"Restored a wallet in {path}, and its cold file in {cold}")
    say(f"  your DID  {wallet.login_did}")
    say("If this is not the DID you expect, the backup's passphrase or --rotations is another.")


def sign(
    *,
    path: WalletArgument,
    file: SignedArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File for the signature; else printed.")
    ] = None,
    passphrase_file: PassphraseFileOption = None,
) -> None:
    """Sign a text or file; the signature can never pass for a transaction, login or application."""
    from did.statements import sign_statement  # noqa: PLC0415

    data = _read_signed(file)
    wallet = open_wallet(path, passphrase_file)
    jws = sign_statement(data, key=wallet.device_key, iat_s=int(time.time()))
    if output is None:
        sys.stdout.write(f"{jws}\n")
        return
    write_private(output, jws.encode() + b"\n")
    say(f"Signed {file} as {wallet.login_did} in {output}")


def check(
    *,
    signature: Annotated[Path, typer.Argument(metavar="SIGNATURE", help="Its file.")],
    file: SignedArgument,
    as_json: JsonOption = False,
) -> None:
    """Check who signed a text or file with `wallet sign`; exit code 1 if the signature fails."""
    from did.statements import STATEMENT_BYTES_MAX, check_statement  # noqa: PLC0415

    jws = _read_bytes(signature, bytes_max=STATEMENT_BYTES_MAX).decode("ascii", "replace").strip()
    found = check_statement(jws, _read_signed(file))
    if as_json:
        say_json({"did": found.did, "iat": found.iat_s})
        return
    signed = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(found.iat_s))
    say(f"Signed by {found.did}")
    say(f"  on {signed} UTC, as the signer says")


def _show_shares(shares: list[str]) -> None:
    for number, share in enumerate(shares, 1):
        sys.stdout.write(_CLEAR)
        say(f"Share {number} of {len(shares)}. Write it down, on a paper of its own:\n")
        words = share.split()
        for start in range(0, len(words), 3):
            row = (f"{place + 1:>2} {words[place]:<10}" for place in range(start, start + 3))
            say("  " + "".join(row))
        typer.prompt("\nPress Enter when it is written", default="", show_default=False)
    sys.stdout.write(_CLEAR)


def _combine(files: list[Path], passphrase: str) -> "ColdKeys":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from did.backups import combine_shares, count_needed  # noqa: PLC0415

    if files:
        return combine_shares([_read_secret(file) for file in files], passphrase=passphrase)
    if not sys.stdin.isatty():
        raise MisconfiguredError("nobody is there to ask for shares: name files with `--share`")
    shares = [str(typer.prompt("Share 1", hide_input=True, err=True))]
    needed = count_needed(shares[0])
    shares += [
        str(typer.prompt(f"Share {number} of {needed}", hide_input=True, err=True))
        for number in range(2, needed + 1)
    ]
    return combine_shares(shares, passphrase=passphrase)


def _open_sealed(sealed: Path, recovery_key_file: Path | None) -> "ColdKeys":
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from did.sealed_exports import EXPORT_BYTES_MAX, open_export  # noqa: PLC0415

    data = _read_bytes(sealed, bytes_max=EXPORT_BYTES_MAX)
    if recovery_key_file is not None:
        return open_export(data, _read_secret(recovery_key_file))
    if not sys.stdin.isatty():
        raise MisconfiguredError(
            "nobody is there to ask for the recovery key: name a file with `--recovery-key-file`"
        )
    return open_export(data, str(typer.prompt("Its recovery key", hide_input=True, err=True)))


def _read_optional(file: Path | None) -> str:
    return "" if file is None else _read_secret(file)


def _read_secret(file: Path) -> str:
    """A secret text from a file that nobody else can read."""
    from config.errors import MisconfiguredError  # noqa: PLC0415
    from node.keystore import check_private  # noqa: PLC0415

    check_private(file)
    try:
        return _read_bytes(file, bytes_max=_SECRET_FILE_BYTES_MAX).decode().strip()
    except UnicodeDecodeError as error:
        raise MisconfiguredError(f"{file} is not text: choose the right file") from error


def _read_signed(file: Path) -> bytes:
    return _read_bytes(file, bytes_max=_SIGNED_BYTES_MAX)


def _read_bytes(file: Path, *, bytes_max: int) -> bytes:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        with file.open("rb") as opened:
            data = opened.read(bytes_max + 1)
    except OSError as error:
        raise MisconfiguredError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > bytes_max:
        raise MisconfiguredError(f"{file} has more than {bytes_max} bytes")
    return data
