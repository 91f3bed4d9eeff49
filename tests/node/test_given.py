"""What people type for ids, names and texts."""

import hashlib
from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from governance.body_records import WORKING_GROUPS, BodyKind
from node.commands.given import hash_given_text, parse_id, parse_name


def test_names_are_read_as_people_write_them() -> None:
    """With hyphens; and only those that fit."""
    assert parse_name("Ethics-Panel", BodyKind, what="BODY") is BodyKind.ETHICS_PANEL
    with pytest.raises(MisconfiguredError, match="--body is one of technical, privacy"):
        parse_name("committee", BodyKind, what="--body", among=WORKING_GROUPS)


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 33])
def test_refuses_what_is_no_id(text: str) -> None:
    """An id is copied whole."""
    with pytest.raises(MisconfiguredError, match="64 hexadecimal digits"):
        parse_id(text)


def test_a_text_is_hashed_from_the_command_line_or_a_file(tmp_path: Path) -> None:
    """One of the two; the file's bytes as they are."""
    file = tmp_path / "reasons.txt"
    file.write_bytes(b"Because.\n")

    assert hash_given_text("Because.", None) == hashlib.sha256(b"Because.").digest()
    assert hash_given_text(None, file) == hashlib.sha256(b"Because.\n").digest()
    for text, given in ((None, None), ("Because.", file), (" ", None)):
        with pytest.raises(MisconfiguredError):
            hash_given_text(text, given)
