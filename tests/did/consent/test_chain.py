"""A history of consent hangs together, or the entry that does not is named."""

from dataclasses import replace

import pytest

from did.consent.chain import (
    EMPTY_HEAD,
    ChainError,
    Entry,
    EntryKind,
    append_entry,
    check_chain,
    compute_leaf,
)


def _make_chain(count: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(count):
        entries.append(
            append_entry(
                entries[-1] if entries else None,
                kind=EntryKind.USE,
                at_ms=number,
                content={"height": number},
                salt=bytes([number]) * 32,
            )
        )
    return entries


def test_a_whole_history_gives_its_head() -> None:
    """The head is the last entry's; an empty history has one too."""
    entries = _make_chain(4)

    assert check_chain(entries) == entries[-1].head
    assert check_chain(()) == EMPTY_HEAD


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize(
    "change",
    [
        {"content": {"height": 99}},
        {"at_ms": 99},
        {"kind": EntryKind.GRANT},
        {"salt": b"\xff" * 32},
        {"number": 99},
        {"head": b"\xff" * 32},
    ],
)
def test_a_changed_entry_is_named(place: int, change: dict[str, object]) -> None:
    """Whichever of its fields was changed."""
    entries = _make_chain(4)
    entries[place] = replace(entries[place], **change)  # type: ignore[arg-type]

    with pytest.raises(ChainError, match=f"entry {place + 1} was"):
        check_chain(entries)


def test_an_entry_that_was_left_out_is_named() -> None:
    """And so is the first of two that changed places."""
    one, two, three = _make_chain(3)

    with pytest.raises(ChainError, match="entry 2 was"):
        check_chain((one, three))
    with pytest.raises(ChainError, match="entry 1 was"):
        check_chain((two, one, three))


def test_leaves_of_two_periods_cannot_be_linked_without_salts() -> None:
    """The same history gives another leaf each period, and for each salt."""
    leaves = {
        compute_leaf(b"\x01" * 32, period=period, salt=bytes([salt]) * 32)
        for period in (1, 2)
        for salt in (1, 2)
    }

    assert len(leaves) == 4


def test_a_short_salt_is_refused() -> None:
    """It would let somebody try all contents."""
    with pytest.raises(ChainError, match="32 bytes"):
        compute_leaf(b"\x01" * 32, period=1, salt=b"")
    with pytest.raises(ChainError, match="32 bytes"):
        append_entry(None, kind=EntryKind.GRANT, at_ms=0, content={}, salt=b"")
