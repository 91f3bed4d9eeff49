"""A validator whose key is with a remote signer: the engine's own program, built unmodified."""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.engine import get_default_engine_path, get_engine_environment
from ledger.signing_state import SignedPoint, load_signed_point
from node import exit_codes
from node.home import open_home
from node.signing_guard import load_guard
from tests.node.small_federation import Member, grow, run_command, wait_until
from tests.node.terminal import free_ports

CHAIN_ID = "test-signed-afar-1"
_PROGRAM = get_default_engine_path().with_name("priv_val_server")

pytestmark = pytest.mark.timeout(200)


@dataclass
class Signer:
    """Another place with a key and a record of what it signed."""

    directory: Path
    address: str
    """Where the engine listens."""
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def key_path(self) -> Path:
        return self.directory / "config" / "priv_validator_key.json"

    @property
    def state_path(self) -> Path:
        return self.directory / "data" / "priv_validator_state.json"

    @property
    def public_key(self) -> bytes:
        key = json.loads(self.key_path.read_bytes())["pub_key"]["value"]
        return base64.b64decode(key)

    @property
    def secret(self) -> bytes:
        key = json.loads(self.key_path.read_bytes())["priv_key"]["value"]
        return base64.b64decode(key)[:32]

    @property
    def signed(self) -> SignedPoint:
        return load_signed_point(self.state_path) or SignedPoint()

    def connect(self) -> None:
        """Start it, as often as needed: this program dials for a second and then never again."""
        deadline_s = time.monotonic() + 90
        while not self._dial():
            self.kill()
            assert time.monotonic() < deadline_s, "the engine does not listen"

    def _dial(self) -> bool:
        path = self.directory / "log"
        with path.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(str(_PROGRAM), "-addr", self.address, "-chain-id", CHAIN_ID),
                    *("-priv-key", str(self.key_path), "-priv-state", str(self.state_path)),
                ],
                stdout=log,
                stderr=log,
            )
        deadline_s = time.monotonic() + 1.5
        while time.monotonic() < deadline_s:
            if "Connection Ready" in path.read_text():
                return True
            time.sleep(0.05)
        return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def signer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Signer]:
    """One that has made a key and has signed nothing, near or behind a port."""
    assert _PROGRAM.exists(), "`make test` builds it"
    directory = tmp_path / "signer"
    directory.mkdir(mode=0o700)
    port = free_ports()[0].rpartition(":")[2]
    addresses = {"unix": f"unix://{directory}/socket", "tcp": f"tcp://127.0.0.1:{port}"}
    made = Signer(directory, addresses[request.param])
    subprocess.run(
        [str(get_default_engine_path()), "init", "validator", "--home", str(directory)],
        env=get_engine_environment(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    yield made
    made.kill()


def make_node(path: Path, *flags: str) -> Member:
    """A chain of its own."""
    ended = run_command(
        *("init", "--home", str(path), *free_ports(), *flags),
        *(f"--network.chain_id={CHAIN_ID}", "--node.name=Far", "--node.origin=https://far.test"),
        *("--engine.heartbeat_ms=200", "--engine.timeout_commit_ms=200"),
    )
    assert ended.returncode == exit_codes.OK, ended.stderr
    return Member(open_home(path))


@pytest.mark.parametrize("signer", ["unix", "tcp"], indirect=True)
def test_the_chain_lives_on_the_signer_and_the_node_holds_no_key(
    signer: Signer, tmp_path: Path
) -> None:
    """It stands still while the signer is away, says who signs, and goes on when it is back."""
    node = make_node(
        tmp_path / "node",
        f"--engine.priv_validator_laddr={signer.address}",
        f"--engine.validator_public_key={signer.public_key.hex()}",
    )
    try:
        check_life_with_signer(node, signer)
        check_no_secret(node, signer)
    finally:
        node.stop()


def check_life_with_signer(node: Member, signer: Signer) -> None:
    """Before it connects, with it, without it, and over a crash of the engine."""
    node.start()
    wait_until(lambda: node.status()["processes"])
    wait_until(lambda: "get pubkey" in node.said)  # the engine gives up, and is started again
    assert f"it waits for the remote signer at {signer.address}" in show_status(node)
    signer.connect()
    height = grow(node)
    assert signer.signed.height >= height
    assert f"a remote signer signs its blocks, at {signer.address}" in show_status(node)

    signer.kill()
    signed = signer.signed
    wait_until(lambda: f"it waits for the remote signer at {signer.address}" in show_status(node))
    assert signer.signed == signed
    signer.connect()
    assert grow(node) > height

    pid = next(row["pid"] for row in node.status()["processes"] if row["name"] == "engine")
    os.kill(pid, signal.SIGKILL)  # leaves its socket behind
    signer.kill()
    wait_until(lambda: '"code": -9' in node.said)
    signer.connect()
    grow(node)


def check_no_secret(node: Member, signer: Signer) -> None:
    """Nowhere in its home, in any of the forms that keys have."""
    forms = [signer.secret, signer.secret.hex().encode(), base64.b64encode(signer.secret)[:42]]
    for path in node.home.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(form in content for form in forms), path
    assert not (node.home.keys / "consensus.key").exists()
    info = node.call("status")["validator_info"]
    assert base64.b64decode(info["pub_key"]["value"]) == signer.public_key


def show_status(node: Member) -> str:
    """What `rochdale status` says, on one line."""
    return " ".join(run_command("status", "--home", str(node.home.root)).stdout.split())


@pytest.mark.parametrize("signer", ["unix"], indirect=True)
def test_a_key_is_handed_to_a_signer_and_not_taken_back_unawares(
    signer: Signer, tmp_path: Path
) -> None:
    """With its record of what was signed; a home that gets it back does not know what that was."""
    node = make_node(tmp_path / "node")
    key_path = node.home.keys / "consensus.key"
    settings = {
        "ROCHDALE_ENGINE__PRIV_VALIDATOR_LADDR": signer.address,
        "ROCHDALE_ENGINE__VALIDATOR_PUBLIC_KEY": "",
    }
    try:
        node.start()
        grow(node)
        node.stop()
        (node.home.engine / "config" / "priv_validator_key.json").replace(signer.key_path)
        (node.home.engine_data / "priv_validator_state.json").replace(signer.state_path)
        settings["ROCHDALE_ENGINE__VALIDATOR_PUBLIC_KEY"] = signer.public_key.hex()
        refused = run_command("start", "--home", str(node.home.root), **settings)
        assert refused.returncode == exit_codes.MISCONFIGURED
        assert "consensus.key is here as well" in refused.stderr
        kept = key_path.rename(tmp_path / "kept.key")

        node.environment |= settings
        node.start()
        signer.connect()
        height = grow(node)
        assert signer.signed.height >= height
        node.stop()
        signer.kill()

        kept.rename(key_path)
        node.environment.clear()
        node.start()
        wait_until(lambda: load_guard(node.home).held)
        assert "a remote signer had the key until now" in load_guard(node.home).held
        wait_until(node.height)
        assert node.height() <= signer.signed.height
    finally:
        node.stop()


@pytest.mark.parametrize("signer", ["tcp"], indirect=True)
def test_a_person_can_hold_a_remote_signer_too(signer: Signer, tmp_path: Path) -> None:
    """The engine runs on without it, and asks for it again when it is released."""
    node = make_node(
        tmp_path / "node",
        f"--engine.priv_validator_laddr={signer.address}",
        f"--engine.validator_public_key={signer.public_key.hex()}",
    )
    home = ("--home", str(node.home.root))
    try:
        node.start()
        signer.connect()
        grow(node)
        assert run_command("validator", "hold", *home).returncode == exit_codes.OK
        wait_until(lambda: "signs no blocks: its operator said so" in show_status(node))
        wait_until(lambda: "no peer to fetch blocks from" in show_status(node))
        height, signed = node.height(), signer.signed
        time.sleep(2)  # ten blocks, if it signed
        assert (node.height(), signer.signed) == (height, signed)
        signer.kill()

        assert run_command("validator", "resume", "--yes", *home).returncode == exit_codes.OK

        signer.connect()
        wait_until(lambda: node.height() > height)
        assert signer.signed > signed
    finally:
        node.stop()
