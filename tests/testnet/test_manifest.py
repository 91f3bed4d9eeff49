"""Manifests: what they may say, and how sites are dealt."""

from pathlib import Path

import pytest

from config.errors import MisconfiguredError
from testnet.manifest import DEFAULT_MANIFEST, load_manifest, resize
from testnet.ports import choose_ports
from testnet.records import RECORDS_FILE, write_site_records


def test_four_cooperatives_stand_for_the_four_sites() -> None:
    """Nobody's records are dealt twice."""
    manifest = load_manifest(DEFAULT_MANIFEST)

    assert [plan.site for plan in manifest.cooperatives] == [
        "Cleveland",
        "Hungary",
        "Switzerland",
        "VA Long Beach",
    ]
    assert manifest.bylaws.is_file()


def test_every_person_is_dealt_once_whatever_the_number(tmp_path: Path) -> None:
    """Ten cooperatives share four sites."""
    manifest = resize(load_manifest(DEFAULT_MANIFEST), 10)
    counts = []
    for plan in manifest.cooperatives:
        directory = tmp_path / plan.slug
        directory.mkdir()
        counts.append(write_site_records(plan, directory))

    assert sum(counts) == 920
    rows = [row for path in tmp_path.rglob(RECORDS_FILE) for row in path.read_text().splitlines()]
    assert len({row for row in rows if not row.startswith("id,")}) == 920


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('chain_id = "test-heart-1"', 'chain_id = "heart-1"', "test-"),
        ("members = 5", "members = 2", "members"),
        ("members = 5", 'members = "five"', "members"),
        ("members = 5", "members = 5\nextra = 1", "unknown key extra"),
        ('name = "Hungary"', 'name = "Cleveland"', "same name"),
        ("[federation]", "[other]", "unknown section"),
        ("[federation]", "[federation", "not valid TOML"),
    ],
)
def test_a_bad_manifest_is_refused_with_its_reason(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """The sentence names the key."""
    path = tmp_path / "manifest.toml"
    path.write_text(DEFAULT_MANIFEST.read_text().replace(old, new, 1))

    with pytest.raises(MisconfiguredError, match=said):
        load_manifest(path)


def test_a_taken_port_is_named() -> None:
    """With the command that shows by whom."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MisconfiguredError, match=f"port {port} is in use"):
            choose_ports(1, base=port - 1)
