"""The engine's own light client and ours, asked about the same pairs of blocks.

CometBFT's `light.Verify`, built from the pinned module. Where we answer otherwise we mean to,
and each such case is named here; all others must agree, mutations included.
"""

import copy
import dataclasses
import json
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, TRUSTING_DAYS
from ledger.headers import compute_validators_hash
from ledger.light import find_on_chain
from ledger.light_blocks import LightBlock, parse_light_block, render_light_block
from ledger.trust import TrustBundle
from tests.ledger.signed_chain import (
    SignedChain,
    make_validators,
    sign_header,
)

ROOT = Path(__file__).parent.parent.parent
RECORDED = json.loads((ROOT / "tests" / "vectors" / "light_blocks.json").read_text())[
    "light_blocks"
]
DAY_MS = 86_400_000
SEED = 20_261_125
MUTATIONS_COUNT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question to both."""

    name: str
    trusted: dict[str, Any]
    untrusted: dict[str, Any]
    now_ms: int

    def to_json(self) -> str:
        """As the foreign program reads it."""
        return json.dumps(
            {
                "trusted": self.trusted,
                "untrusted": self.untrusted,
                "now_ms": self.now_ms,
                "period_s": TRUSTING_DAYS * 86_400,
                "drift_s": CLOCK_SKEW_S_MAX,
            }
        )

    def is_believed(self) -> bool:
        """What we say."""
        try:
            trusted = parse_light_block(self.trusted)
            trust = TrustBundle(
                chain_id=trusted.header.chain_id,
                genesis_hash=bytes(32),
                time_ns=trusted.header.time_ns,
                validators=trusted.validators,
                header=trusted.header,
            )
            find_on_chain(parse_light_block(self.untrusted), trust=trust, now_ms=self.now_ms)
        except RefusedError:
            return False
        return True


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The foreign program, built within the module that pins the engine."""
    binary = tmp_path_factory.mktemp("foreign") / "light"
    source = Path(__file__).parent / "foreign" / "light" / "main.go"
    subprocess.run(
        ["go", "build", "-trimpath", "-o", binary, source],
        cwd=ROOT / "ledger" / "cometbft",
        check=True,
    )
    return binary


def ask(foreign: Path, cases: list[Case]) -> list[str]:
    """What CometBFT says of each."""
    asked = "".join(case.to_json() + "\n" for case in cases)
    run = subprocess.run([foreign], input=asked, capture_output=True, text=True, check=True)
    answers = run.stdout.splitlines()
    assert len(answers) == len(cases)
    return answers


def make_case(
    name: str, trusted: LightBlock, untrusted: LightBlock, *, after_ms: int = 60_000
) -> Case:
    """A question some time after the later block."""
    later_ms = max(trusted.header.time_ms, untrusted.header.time_ms)
    return Case(
        name=name,
        trusted=render_light_block(trusted),
        untrusted=render_light_block(untrusted),
        now_ms=later_ms + after_ms,
    )


def test_agrees_on_what_real_engines_made(foreign: Path) -> None:
    """Each pair of heights, forwards: most follow in one step."""
    blocks = [parse_light_block(value) for value in RECORDED]
    cases = [
        make_case(f"{first.height} to {second.height}", first, second)
        for place, first in enumerate(blocks)
        for second in blocks[place + 1 :]
    ]

    answers = ask(foreign, cases)

    believed = [case.is_believed() for case in cases]
    assert believed == [answer == "ok" for answer in answers]
    assert (len(believed), sum(believed)) == (66, 58)


def test_agrees_on_chains_of_any_validators(foreign: Path) -> None:
    """Sets that grow, shrink, turn over, with some absent and some against."""
    chance = random.Random(SEED)
    cases = list(_make_chain_cases(chance))

    answers = ask(foreign, cases)

    wrong = [
        (case.name, answer)
        for case, answer in zip(cases, answers, strict=True)
        if case.is_believed() != (answer == "ok")
    ]
    assert wrong == []
    believed = sum(answer == "ok" for answer in answers)
    assert len(cases) // 5 < believed < len(cases) * 4 // 5


def test_agrees_on_times(foreign: Path) -> None:
    """The trusting period and the clock's drift, to the millisecond."""
    chain = SignedChain([[0, 1, 2, 3]])
    trusted, block = chain.get_block(3), chain.get_block(9)
    expires_ms = TRUSTING_DAYS * DAY_MS - (block.header.time_ms - trusted.header.time_ms)
    cases = [
        make_case(f"after {after_ms} ms", trusted, block, after_ms=after_ms)
        for edge_ms in (expires_ms, -CLOCK_SKEW_S_MAX * 1_000)
        for after_ms in range(edge_ms - 2, edge_ms + 4)
    ]

    answers = ask(foreign, cases)

    believed = [case.is_believed() for case in cases]
    assert believed == [answer == "ok" for answer in answers]
    assert 0 < sum(believed) < len(cases)


def test_refuses_whatever_it_refuses_of_changed_blocks(foreign: Path) -> None:
    """Any leaf of the later block changed: it never believes what the engine refuses.

    What it refuses beyond that is a signature or spelling that the engine does not look at.
    """
    chance = random.Random(SEED)
    cases = list(_mutate(chance))

    answers = ask(foreign, cases)

    believed = [case.is_believed() for case in cases]
    laxer = [
        (case.name, answer)
        for case, answer, ours in zip(cases, answers, believed, strict=True)
        if ours and answer != "ok"
    ]
    stricter = {
        case.name
        for case, answer, ours in zip(cases, answers, believed, strict=True)
        if not ours and answer == "ok"
    }
    assert laxer == []
    assert not any(believed)
    # The last signatures, which the engine leaves unread once it has two thirds.
    assert all("signatures/" in name or "spelling" in name for name in stricter), stricter


def test_where_we_mean_to_differ(foreign: Path) -> None:
    """Stricter about signatures that are not needed; earlier blocks are believed by keys."""
    chain = SignedChain([[0, 1, 2, 3]])
    trusted, block = chain.get_block(3), chain.get_block(9)
    *rest, last = block.commit.signatures
    spoiled = dataclasses.replace(last, signature=bytes(64))
    commit = dataclasses.replace(block.commit, signatures=(*rest, spoiled))
    cases = [
        make_case(
            "a signature too many is invalid", trusted, dataclasses.replace(block, commit=commit)
        ),
        make_case("an earlier block", block, trusted),
        make_case("the same block", block, block),
    ]

    answers = ask(foreign, cases)

    assert [case.is_believed() for case in cases] == [False, True, True]
    assert answers[0] == "ok"
    assert "greater than one of old header" in answers[1]
    assert "greater than one of old header" in answers[2]


def _make_chain_cases(chance: random.Random) -> Iterator[Case]:
    for number in range(60):
        sets = [chance.sample(range(12), chance.randint(1, 8)) for _ in range(3)]
        spread = [each for each in sets for _ in range(4)]
        chain = SignedChain(spread, chain_id=f"test-chance-{number}")
        first, second = sorted(chance.sample(range(1, 13), 2))
        votes = "".join(chance.choice("YYYYYN.") for _ in chain.get_validators(second))
        yield make_case(
            f"{number}: {first} to {second}, {votes}",
            chain.get_block(first),
            chain.get_block(second, votes=votes),
        )
        # Unequal powers, signed by all.
        validators = tuple(
            dataclasses.replace(item, power=chance.randint(1, 300))
            for item in chain.get_validators(second)
        )
        ordered = tuple(sorted(validators, key=lambda item: (-item.power, item.address)))
        header = dataclasses.replace(
            chain.get_header(second), validators_hash=compute_validators_hash(ordered)
        )
        yield make_case(
            f"{number}: {first} to {second}, unequal",
            chain.get_block(first),
            sign_header(header, ordered),
        )
    chain = SignedChain([[0, 1, 2, 3]])
    stranger = sign_header(chain.get_header(9), make_validators([0, 1, 2, 9]))
    yield make_case("a stranger's signature", chain.get_block(3), stranger)


def _mutate(chance: random.Random) -> Iterator[Case]:
    original = Case(name="", trusted=RECORDED[1], untrusted=RECORDED[5], now_ms=1_795_700_000_000)
    assert original.is_believed()
    places = list(_list_leaves(original.untrusted, ()))
    for _ in range(MUTATIONS_COUNT):
        path = chance.choice(places)
        untrusted = copy.deepcopy(original.untrusted)
        parent: Any = untrusted
        for step in path[:-1]:
            parent = parent[step]
        spelling, parent[path[-1]] = _change(parent[path[-1]], chance)
        name = "/".join(map(str, path)) + spelling
        yield dataclasses.replace(original, name=name, untrusted=untrusted)


def _change(leaf: Any, chance: random.Random) -> tuple[str, Any]:
    if isinstance(leaf, int):
        return "", leaf + chance.choice([1, -1, 7])
    place = chance.randrange(len(leaf))
    if leaf != leaf.lower() and chance.random() < 0.1:
        return " (spelling)", leaf.lower()
    other = chance.choice([each for each in "0123456789ABCDEFabcdef" if each != leaf[place]])
    changed = leaf[:place] + other + leaf[place + 1 :]
    # Base64 and hexadecimal have spellings that mean the same to the engine.
    return (" (spelling)" if changed.upper() == leaf.upper() else ""), changed


def _list_leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _list_leaves(value[key], (*path, key))
    elif value:
        yield path
