"""The node's secret keys."""

from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from node.keystore import (
    KEY_NAMES,
    check_keys,
    create_keys,
    load_key,
    load_secret,
    load_secret_file,
)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    seeds = iter(bytes([number]) * 32 for number in range(16))
    create_keys(directory, random=lambda size: next(seeds)[:size])
    return directory


def test_every_purpose_has_its_own_key(keys: Path) -> None:
    """A stolen key is good for one thing."""
    assert len({load_key(keys, name).public_key for name in KEY_NAMES}) == len(KEY_NAMES)
    assert len(load_secret(keys, "register")) == 32
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in keys.iterdir())


def test_never_overwrites_a_key(keys: Path) -> None:
    """A lost key cannot be made again."""
    with pytest.raises(FileExistsError):
        create_keys(keys, random=bytes)


def test_refuses_a_key_that_others_may_read(keys: Path) -> None:
    """The sentence holds the command that mends it."""
    path = keys / "http.key"
    path.chmod(0o640)

    with pytest.raises(MisconfiguredError, match=f"run `chmod 600 {path}`"):
        check_keys(keys, names=("http",))


def test_refuses_a_directory_that_others_may_enter(keys: Path) -> None:
    """Whoever may write there could exchange keys."""
    keys.chmod(0o755)

    with pytest.raises(MisconfiguredError, match=f"run `chmod 700 {keys}`"):
        load_key(keys, "http")


def test_a_key_that_was_named_may_lie_where_others_may_enter(keys: Path) -> None:
    """Nobody is told to close /tmp; the file itself is for its owner alone."""
    keys.chmod(0o1777)
    path = keys / "cooperative-next.key"
    assert len(load_secret_file(path)) == 32
    path.chmod(0o644)

    with pytest.raises(MisconfiguredError, match=f"run `chmod 600 {path}`"):
        load_secret_file(path)


@pytest.mark.parametrize("content", ["", "zz" * 32, "00" * 31, "00" * 33])
def test_refuses_a_damaged_key(keys: Path, content: str) -> None:
    """Without showing what the file holds."""
    (keys / "http.key").write_text(content)

    with pytest.raises(MisconfiguredError, match="from your backup"):
        load_key(keys, "http")


def test_says_which_key_is_missing(keys: Path) -> None:
    """A restore that forgot one."""
    (keys / "http.key").unlink()

    with pytest.raises(MisconfiguredError, match=r"http\.key cannot be opened"):
        load_key(keys, "http")
