"""docs/ledger.md says what is true."""

import re
from pathlib import Path

from config.errors import RefusedError
from config.limits import LIST_PAGE_ENTRIES_MAX, STATE_KEY_BYTES_MAX, STATE_VIEW_HEIGHTS
from governance.logs import Log
from governance.state_keys import FEDERATION
from ledger.lists import LIST_NAMES, ListError, find_log
from ledger.queries import _QUERY_BYTES_MAX, QUERY_PATHS, SIMPLE_PROOF, SMT_PROOF

PAGE = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
IDS = (bytes([1]) * 32, bytes([2]) * 32)


def find_any(name: str) -> Log:
    """A list of that name, by as many ids as it takes."""
    for count in range(len(IDS) + 1):
        try:
            return find_log(name, IDS[:count])
        except ListError as error:
            refused: RefusedError = error
    raise refused


def test_every_path_is_on_the_page() -> None:
    """A row each, and none that is not answered."""
    rows = re.findall(r"^\| `(/[a-z/]+)` \|", PAGE, flags=re.MULTILINE)

    assert tuple(rows) == QUERY_PATHS


def test_every_list_is_on_the_page_with_its_id_and_namespace() -> None:
    """As both are found in keys."""
    rows = re.findall(
        r"^\| `([a-z-]+)` \| `([0-9a-f]{2})`( ‖ (?:proposal|pool))? \| (\w+) \|",
        PAGE,
        flags=re.MULTILINE,
    )

    assert tuple(name for name, *_ in rows) == LIST_NAMES
    for name, number, subject, namespace in rows:
        log = find_any(name)
        assert log.id[:1].hex() == number
        assert bool(log.subject) is bool(subject)
        assert (log.namespace == FEDERATION) is (namespace == "federation")


def test_limits_and_proofs_on_the_page_are_the_ones_that_hold() -> None:
    """Numbers in a text grow stale in silence."""
    for sentence in (
        f"in hexadecimal, at most {_QUERY_BYTES_MAX:,} bytes",
        f"one over {STATE_KEY_BYTES_MAX} bytes",
        f"`count` 1 to {LIST_PAGE_ENTRIES_MAX}",
        f"up to {STATE_VIEW_HEIGHTS} that differed before it",
        f"1. `{SMT_PROOF}`",
        f"2. `{SIMPLE_PROOF}`",
    ):
        assert sentence in PAGE
