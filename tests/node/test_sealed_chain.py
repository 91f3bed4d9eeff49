"""A cooperative that began alone joins a federation, by commands at real nodes."""

import json
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from governance.bylaws import parse_bylaws
from governance.records import Cooperative
from governance.state_keys import FEDERATION, Collection, state_key
from node import exit_codes
from node.home import open_home
from tests.node.full_nodes import get_height, get_status, get_url, running, wait_until
from tests.node.terminal import Terminal, free_ports
from tests.node.test_one_node import BYLAWS, TIME_SCALE

MEMBERS = ("ann", "ben")


@dataclass
class Two:
    """A federation, elm and later ash, and oak, a cooperative with a chain of its own."""

    terminal: Terminal
    flags: dict[str, list[str]]

    def home(self, name: str) -> Path:
        return self.terminal.root / name

    @property
    def sealed(self) -> Path:
        """What oak's chain hands over."""
        return self.terminal.root / "sealed.json"

    def wallet(self, name: str) -> Path:
        return self.terminal.root / f"{name}.wallet"

    def url(self, name: str) -> str:
        return get_url(self.home(name))

    def member(self, *arguments: str | Path, wallet: str, node: str) -> list[str | Path]:
        """A member's command at a node."""
        return [*arguments, "--wallet", self.wallet(wallet), "--node", self.url(node)]


@pytest.fixture
def two(member_terminal: Terminal) -> Two:
    names = ("elm", "oak", "ash")
    ports = {name: free_ports() for name in names}
    hosts = ",".join(f"{name}.test={flags[0].partition('=')[2]}" for name, flags in ports.items())
    made = Two(
        member_terminal,
        {
            name: [
                *flags,
                f"--node.name={name.title()}",
                f"--node.origin=https://{name}.test",
                f"--network.hosts={hosts}",
                "--engine.timeout_commit_ms=200",
            ]
            for name, flags in ports.items()
        },
    )
    (member_terminal.root / "bylaws.toml").write_text(BYLAWS)
    bylaws: dict[str, list[str | Path]] = {
        "elm": [],
        "oak": ["--bylaws", member_terminal.root / "bylaws.toml"],
    }
    for name, changed in bylaws.items():
        member_terminal.do(
            *("init", "--home", made.home(name), "--time-scale", TIME_SCALE),
            *changed,
            *made.flags[name],
        )
    genesis = made.home("elm") / "genesis.json"
    member_terminal.do("init", "--home", made.home("ash"), "--join", genesis, *made.flags["ash"])
    return made


@pytest.mark.timeout(400)
def test_a_sealed_chains_members_go_on_in_the_federation(two: Two) -> None:
    """The same wallets, ids, roll and bylaws; the old chain takes nothing more."""
    terminal, oak, moved = two.terminal, two.home("oak"), two.home("moved")
    with running(terminal, oak):
        wait_until(lambda: get_height(terminal, oak) > 0, timeout_s=120)
        admit_members(two)
        seal(two)
        check_ended(two)
    former = read_own(two, "oak")
    move(two)
    with ExitStack() as nodes:
        nodes.enter_context(running(terminal, two.home("elm")))
        wait_until(lambda: get_height(terminal, two.home("elm")) > 0, timeout_s=120)
        nodes.enter_context(admit_second(two))

        ask_to_join(two)
        approve(two)
        nodes.enter_context(running(terminal, moved))
        wait_until(lambda: own_number(two) == former["cooperative"], timeout_s=120)
        bring(two)
        check_goes_on(two)


def admit_second(two: Two) -> AbstractContextManager[None]:
    """Ash becomes a member of elm's federation: from now on both have to approve."""
    terminal, request = two.terminal, two.terminal.root / "ash.jws"
    terminal.do("federation", "request", "-o", request, "--home", two.home("ash"))
    terminal.do("federation", "propose", "admit", request, "--home", two.home("elm"))
    return running(terminal, two.home("ash"))


def admit_members(two: Two) -> None:
    """Two people of oak, on its own chain."""
    terminal = two.terminal
    for name in MEMBERS:
        terminal.do("wallet", "new", two.wallet(name), "--test-chain")
        terminal.do("wallet", "apply", two.wallet(name), "--node", two.url("oak"), "--name", name)
    terminal.do("member", "admit", "--all", "--home", two.home("oak"))


def seal(two: Two) -> None:
    """For elm's chain; not without a word, and again it is the same file."""
    terminal, chain = two.terminal, "test-elm-1"
    command = ("federation", "seal", chain, "-o", two.sealed, "--home", two.home("oak"))
    said = terminal.type(*command)
    assert "cannot be taken back" in said
    assert "books, bodies, offices, complaints and licences do not" in said
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "is sealed for test-elm-1" in terminal.do(*command, "--yes")
    first = json.loads(two.sealed.read_bytes())
    terminal.do(*command, "--yes")
    again = json.loads(two.sealed.read_bytes())
    assert {key: value for key, value in first.items() if key != "receipt"} == {
        key: value for key, value in again.items() if key != "receipt"
    }
    other = ("federation", "seal", "test-ash-1", "-o", two.sealed, "--home", two.home("oak"))
    assert "sealed for test-elm-1 already" in terminal.type(*other, "--yes")


def check_ended(two: Two) -> None:
    """No transaction is taken any more, be it a member's or the cooperative's own."""
    terminal = two.terminal
    refused = terminal.type(*two.member("wallet", "propose", "Too late", wallet="ann", node="oak"))
    assert terminal.code == exit_codes.FAILED
    assert "sealed" in refused
    terminal.type("federation", "replace-registrar", "--home", two.home("oak"))
    assert terminal.code == exit_codes.FAILED


def read_own(two: Two, name: str) -> Any:
    """What the sealed file says of oak."""
    return two.terminal.ask(
        "federation", "check-roll", two.sealed, "--offline", "--home", two.home(name)
    )


def move(two: Two) -> None:
    """A new home with oak's keys; the flags of the old one hold on."""
    terminal = two.terminal
    genesis = two.home("elm") / "genesis.json"
    said = terminal.do(
        *("init", "--home", two.home("moved"), "--join", genesis, "--from", two.home("oak"))
    )
    assert "Keys, settings and register are those of" in said
    old, new = open_home(two.home("oak")).keys, open_home(two.home("moved")).keys
    assert (old / "cooperative.key").read_bytes() == (new / "cooperative.key").read_bytes()
    assert (old / "consensus.key").read_bytes() != (new / "consensus.key").read_bytes()


def ask_to_join(two: Two) -> None:
    """Elm must name the sealed file, so that it has been checked before it says yes."""
    terminal, request = two.terminal, two.terminal.root / "oak.jws"
    terminal.do(
        *("federation", "request", "--sealed", two.sealed, "-o", request),
        *("--home", two.home("moved")),
    )
    propose = ("federation", "propose", "admit", request, "--home", two.home("elm"))
    assert "takes a sealed chain over" in terminal.type(*propose)
    assert terminal.code == exit_codes.MISCONFIGURED
    tampered = terminal.root / "tampered.json"
    document = json.loads(two.sealed.read_bytes())
    document["roll"].reverse()
    tampered.write_text(json.dumps(document))
    assert "does not hold" in terminal.type(*propose, "--sealed", tampered)
    assert "waits" in terminal.do(*propose, "--sealed", two.sealed).lower()


def approve(two: Two) -> None:
    """The second member's approval decides, and it has to have checked the file, too."""
    terminal, home = two.terminal, two.home("ash")
    motions: list[str] = []

    def has_motion() -> bool:
        listed = terminal.type("federation", "list", "--json", "--home", home)
        found = json.loads(listed)["motions"] if terminal.code == exit_codes.OK else []
        motions[:] = [item["id"] for item in found if "Oak" in item["asks_to"]]
        return bool(motions)

    wait_until(has_motion, timeout_s=120)
    command = ("federation", "approve", motions[0][:16], "--home", home)
    assert "takes a sealed chain over" in terminal.type(*command)
    assert terminal.code == exit_codes.MISCONFIGURED
    assert "does not hold" in terminal.type(*command, "--sealed", terminal.root / "tampered.json")
    assert terminal.code == exit_codes.FAILED
    assert "the motion is enacted" in terminal.do(*command, "--sealed", two.sealed)


def own_number(two: Two) -> str:
    """Oak's id as the moved node finds it on elm's chain; empty until it does."""
    if not get_height(two.terminal, two.home("moved")):
        return ""
    listed = two.terminal.type("federation", "list", "--json", "--home", two.home("moved"))
    if two.terminal.code != exit_codes.OK:
        return ""
    found = [item["id"] for item in json.loads(listed)["cooperatives"] if item["name"] == "Oak"]
    return "".join(found)


def bring(two: Two) -> None:
    """Before it the members have no account here; after it the roll is the sealed one."""
    terminal, moved = two.terminal, two.home("moved")
    check = ("federation", "check-roll", two.sealed, "--home", moved)
    assert terminal.ask(*check)["brought"] == {
        "entries": 0,
        "complete": False,
        "joined_later": 0,
    }
    terminal.do("federation", "bring-roll", two.sealed, "--home", moved)
    assert "Nothing is left" in terminal.do("federation", "bring-roll", two.sealed, "--home", moved)
    found = terminal.ask(*check)
    assert found["brought"] == {"entries": 2, "complete": True, "joined_later": 0}
    elms = terminal.ask("federation", "check-roll", two.sealed, "--home", two.home("elm"))
    assert elms == found


def check_goes_on(two: Two) -> None:
    """Members of the old chain propose and vote on the new one, by the old bylaws."""
    terminal = two.terminal
    trust = terminal.root / "trust.json"
    terminal.do("trust", "export", "-o", trust, "--home", two.home("elm"))
    for name in MEMBERS:
        wait_until(lambda: get_status(terminal, two.home("moved")).get("ledger"))
        status = ("wallet", "status", two.wallet(name), "--node", two.url("moved"))
        assert terminal.ask(*status, "--trust", trust)["is_checked"]
    said = terminal.ask(*two.member("wallet", "propose", "We are here", wallet="ann", node="moved"))
    receipt = ["--receipt", terminal.root / "ballot.json", "--trust", trust]

    def votes() -> bool:
        terminal.type(
            *two.member("wallet", "vote", said["proposal"], "yes", wallet="ben", node="moved"),
            *receipt,
        )
        return terminal.code == exit_codes.OK

    wait_until(votes)
    check_register(two)
    check_bylaws(two, trust)


def check_register(two: Two) -> None:
    """Who they are is still for oak's registrar alone to read, and only in oak's home."""
    terminal = two.terminal
    for name, expected in (("moved", sorted(MEMBERS)), ("elm", [])):
        names = terminal.ask("register", "inspect", "--reason", "why", "--home", two.home(name))
        assert names == expected


def check_bylaws(two: Two, trust: Path) -> None:
    """Proven to be those that the sealed chain had, not the federation's own."""
    terminal, receipt = two.terminal, two.terminal.root / "oak.json"
    former = read_own(two, "moved")
    key = state_key(FEDERATION, Collection.COOPERATIVE, bytes.fromhex(former["cooperative"]))
    terminal.do("receipt", "fetch", "state", key.hex(), "--node", two.url("elm"), "-o", receipt)
    told = terminal.ask("ledger", "verify", receipt, "--trust", trust)
    oak = Cooperative.decode(bytes.fromhex(told["value"]))
    assert oak.bylaws_hash.hex() == former["bylaws_hash"]
    genesis = json.loads((two.home("elm") / "genesis.json").read_bytes())
    assert oak.bylaws_hash != parse_bylaws(genesis["app_state"]["bylaws"]).compute_hash()
