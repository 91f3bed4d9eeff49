"""Files that commands write: new ones, or in place of an older one of the same kind.

A mistyped `--output` must not cost somebody a wallet, a key or a genesis file. So whatever is
there already stays, unless it can be read as what is about to be written, or says just that.
"""

import os
from collections.abc import Callable
from pathlib import Path

Reader = Callable[[bytes], object]
"""Reads a file of one kind, and raises RefusedError for every other."""


def check_target(path: Path, *, replaces: Reader | None = None) -> None:
    """Check, before anything is done that cannot be done again, that a file may be written.

    Args:
        path: As it was named on the command line.
        replaces: Reads what may be replaced; nothing may if there is none.

    Raises:
        MisconfiguredError: Something else is there, or its directory is missing.
    """
    from config.errors import MisconfiguredError  # noqa: PLC0415

    try:
        is_there, has_place = os.path.lexists(path), path.parent.is_dir()
    except OSError as error:
        raise _explain(path, error) from error
    if is_there and not (replaces is not None and _is_read_by(replaces, path)):
        raise _taken(path)
    if not has_place:
        raise MisconfiguredError(
            f"{path} cannot be written: {path.parent} is no directory; make it, or choose another "
            "place"
        )


def write_private(path: Path, data: bytes, *, replaces: Reader | None = None) -> None:
    """Write a file for its owner's eyes, such as one that tells how somebody voted.

    Raises:
        MisconfiguredError: As `check_target`, or it cannot be written.
    """
    _write(path, data, mode=0o600, replaces=replaces)


def write_file(path: Path, data: bytes, *, replaces: Reader | None = None) -> None:
    """Write a file to hand on.

    Raises:
        MisconfiguredError: As `check_target`, or it cannot be written.
    """
    _write(path, data, mode=0o666, replaces=replaces)


def check_receipt_target(path: Path | None) -> None:
    """Check that a receipt may be written, if a place was named: nothing, or an older receipt.

    Raises:
        MisconfiguredError: As `check_target`.
    """
    from ledger.receipts import parse_receipt  # noqa: PLC0415

    if path is not None:
        check_target(path, replaces=parse_receipt)


def write_receipt(path: Path, data: bytes) -> None:
    """Write a receipt, replacing an older one.

    Raises:
        MisconfiguredError: As `write_private`.
    """
    from ledger.receipts import parse_receipt  # noqa: PLC0415

    write_private(path, data, replaces=parse_receipt)


def _write(path: Path, data: bytes, *, mode: int, replaces: Reader | None) -> None:
    check_target(path, replaces=lambda found: _check_same(found, data, replaces))
    is_new = not os.path.lexists(path)
    try:
        how = os.O_CREAT | os.O_EXCL if is_new else os.O_TRUNC
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | how, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if mode == 0o600:
                    os.fchmod(descriptor, mode)
                file.write(data)
        except BaseException:
            if is_new:
                path.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise _explain(path, error) from error


def _check_same(found: bytes, data: bytes, replaces: Reader | None) -> None:
    from config.errors import RefusedError  # noqa: PLC0415

    if found == data:
        return
    if replaces is None:
        raise RefusedError("something else is there")
    replaces(found)


def _is_read_by(reader: Reader, path: Path) -> bool:
    from config.errors import MisconfiguredError, RefusedError  # noqa: PLC0415
    from node.chain import read_given_file  # noqa: PLC0415

    if not path.is_file():  # reading a pipe would wait for ever
        return False
    try:
        reader(read_given_file(path))
    except (MisconfiguredError, RefusedError):
        return False
    return True


def _taken(path: Path) -> Exception:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    return MisconfiguredError(
        f"{path} is there already and something else: name a new file, or move it away"
    )


def _explain(path: Path, error: OSError) -> Exception:
    from config.errors import MisconfiguredError  # noqa: PLC0415

    return MisconfiguredError(f"{path} cannot be written ({error.strerror}): choose another place")
