"""A home knows whether it is the one that signed last."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import RefusedError, UnavailableError
from config.limits import RESUME_MARGIN_BLOCKS
from ledger.signing_state import (
    SignedPoint,
    compute_safe_point,
    load_signed_point,
    save_signed_point,
)
from node.home import Home, open_home
from node.signing_guard import (
    check_releasable,
    create_guard,
    hold,
    load_guard,
    note_stop,
    release,
    retire,
    review_start,
    watch_signatures,
)

ADDRESS = bytes(range(20))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Never started."""
    root = tmp_path / "home"
    root.mkdir()
    (root / "rochdale.toml").touch()
    home = open_home(root)
    create_guard(home)
    return home


def start(home: Home) -> str:
    return review_start(home, address=ADDRESS, is_remote=False).held


def sign(home: Home, height: int) -> None:
    """As the engine does: a new file in the place of the old one."""
    point = SignedPoint(height=height, round=0, step=3)
    save_signed_point(home.engine_data / "priv_validator_state.json", point)


def test_a_new_home_signs_and_goes_on_signing_after_restarts(home: Home) -> None:
    """Whatever ended the last run."""
    assert start(home) == ""
    sign(home, 7)
    assert start(home) == ""
    sign(home, 12)
    note_stop(home)
    assert start(home) == ""
    assert load_guard(home).signed_height == 12


def test_a_home_without_the_note_of_its_starts_was_restored(home: Home) -> None:
    """A backup of keys and settings alone, as the operations page advises."""
    home.guard_path.unlink()

    assert "restored" in start(home)
    assert "restored" in start(home)


@pytest.mark.parametrize("lost", ["", "priv_validator_state.json", "place"])
def test_a_home_whose_engine_data_is_gone_was_restored(home: Home, lost: str) -> None:
    """All of it, or one of the files that tell."""
    start(home)
    sign(home, 7)
    if lost:
        (home.engine_data / lost).unlink()
    else:
        shutil.rmtree(home.engine_data)

    assert "restored" in start(home)


def test_a_copied_home_signs_nothing_and_the_original_goes_on(home: Home, tmp_path: Path) -> None:
    """A copy has other files, whatever attributes it preserved."""
    start(home)
    sign(home, 7)
    shutil.copytree(home.root, tmp_path / "copy", copy_function=shutil.copy2)
    copy = open_home(tmp_path / "copy")

    assert "another node" in start(copy)
    assert start(home) == ""


def test_a_home_that_moved_within_its_disk_is_the_same(home: Home, tmp_path: Path) -> None:
    """A rename keeps every file."""
    start(home)
    sign(home, 7)
    moved = home.root.rename(tmp_path / "moved")

    assert start(open_home(moved)) == ""


def test_an_older_record_of_the_last_signature_is_noticed(home: Home) -> None:
    """Somebody put a copy of the file back."""
    start(home)
    sign(home, 7)
    note_stop(home)
    sign(home, 6)

    assert "older" in start(home)


def test_a_damaged_record_counts_as_lost(home: Home) -> None:
    """Nothing is guessed from it."""
    start(home)
    (home.engine_data / "priv_validator_state.json").write_text('{"height": ')

    assert "restored" in start(home)


def test_a_home_that_signed_before_its_first_start_was_put_together(home: Home) -> None:
    """A new home, with an old record."""
    home.engine_data.mkdir(parents=True)
    sign(home, 7)

    assert "restored" in start(home)


def test_an_operator_can_hold_and_release(home: Home) -> None:
    """What no file can tell, such as a virtual machine that went back in time."""
    start(home)
    sign(home, 7)
    hold(home, "restored a disk image")
    assert start(home) == "restored a disk image"

    release(home, SignedPoint(height=30, step=3))

    assert start(home) == ""
    assert load_signed_point(home.engine_data / "priv_validator_state.json") == SignedPoint(
        height=30, step=3
    )
    (home.engine_data / "priv_validator_state.json").unlink()
    assert "restored" in start(home)


def test_a_released_copy_is_a_home_of_its_own(home: Home, tmp_path: Path) -> None:
    """It is no copy of anything any more; and can be copied itself."""
    start(home)
    shutil.copytree(home.root, tmp_path / "copy")
    copy = open_home(tmp_path / "copy")
    start(copy)
    release(copy, SignedPoint(height=30, step=3))

    assert start(copy) == ""


def make_watch(home: Home) -> Callable[[bytes, int], None]:
    start(home)
    return watch_signatures(home)


def test_a_signature_that_the_home_does_not_remember_holds_it(home: Home) -> None:
    """The chain shows what no file can: this home went back in time."""
    watch = make_watch(home)
    sign(home, 7)
    watch(ADDRESS, 6)
    watch(ADDRESS, 7)
    watch(bytes(20), 99)

    with pytest.raises(UnavailableError, match=r"signed block 8, .* remembers height 7"):
        watch(ADDRESS, 8)

    assert "signed block 8" in start(home)
    watch(ADDRESS, 9)


def test_no_round_of_a_safe_height_is_left_to_sign() -> None:
    """The engine signs whatever is later than its record, by height, round and step."""
    safe = compute_safe_point(tip=30)

    assert safe.height == 30 + RESUME_MARGIN_BLOCKS
    assert safe >= SignedPoint(height=safe.height, round=2**31 - 1, step=3)


def test_a_home_whose_federation_goes_on_elsewhere_is_held_for_good(
    home: Home, tmp_path: Path
) -> None:
    """A hold by its operator, which `resume` would end, does not take that one's place."""
    start(home)
    retire(home, chain_id="heart-2", successor=Home(tmp_path / "new"))
    hold(home, "its operator said so")

    assert start(home) == f"its federation goes on as heart-2, in {tmp_path / 'new'}"
    with pytest.raises(RefusedError, match=f"rochdale start --home {tmp_path / 'new'}"):
        check_releasable(load_guard(home))
