"""The pages' verifier and ours: two programs, one answer, whatever is shown to them."""

import copy
import dataclasses
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from config.errors import RefusedError
from config.limits import CLOCK_SKEW_S_MAX, RECEIPT_BYTES_MAX, TRUSTING_DAYS
from did.jcs import parse_json
from governance.state_keys import DERIVED_FROM
from ledger.headers import Header
from ledger.light import TrustExpiredError
from ledger.light_blocks import LightBlock
from ledger.lists import get_list_name
from ledger.receipt_meaning import render_meaning
from ledger.receipts import Receipt, Verified, check_receipt, parse_receipt
from ledger.trust import (
    TrustBundle,
    compute_trust_bundle,
    write_trust_bundle,
)
from tests.ledger import receipt_samples as samples
from tests.ledger.receipt_samples import (
    CHAIN,
    NEAR,
    NOW_MS,
    TRUST,
    make_ballot_receipt,
    render,
)
from tests.ledger.signed_chain import BEGINS_NS, SignedChain, render_genesis, sign_header
from tests.node.web.javascript import Answer, ask_verifier, make_question

SAMPLES = samples.make_samples()
TRUST_FILE = write_trust_bundle(TRUST)
SEED = 20_261_125


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question to both."""

    receipt: bytes
    trust: TrustBundle = TRUST
    trust_file: bytes = TRUST_FILE
    now_ms: int = NOW_MS
    accepts_old_trust: bool = False
    name: str = ""

    def check(self) -> Verified | None:
        """What ours says; None if it refuses."""
        try:
            return check_receipt(
                parse_receipt(self.receipt),
                trust=self.trust,
                now_ms=self.now_ms,
                accepts_old_trust=self.accepts_old_trust,
            )
        except RefusedError:
            return None


def make_trust(chain: SignedChain, height: int) -> dict[str, Any]:
    """Whom a case trusts."""
    trust = chain.get_trust(height)
    return {"trust": trust, "trust_file": write_trust_bundle(trust)}


def compare(cases: list[Case]) -> list[Verified | None]:
    """Ask both, insist that they agree, and return what they say."""
    answers = ask_verifier(
        [
            make_question(
                case.receipt,
                case.trust_file,
                now_ms=case.now_ms,
                accepts_old_trust=case.accepts_old_trust,
            )
            for case in cases
        ]
    )
    ours = [case.check() for case in cases]
    for case, verified, answer in zip(cases, ours, answers, strict=True):
        assert (verified is None) == bool(answer.refused), (case.name, case.receipt, answer)
        if verified is not None:
            assert_same(verified, answer)
    return ours


def assert_same(verified: Verified, answer: Answer) -> None:
    """Not only that it holds: what it shows."""
    told = answer.holds
    ballot, decision = verified.ballot, verified.decision
    assert told["meaning"] == render_meaning(verified)
    assert told["kind"] == verified.kind
    assert (told["height"], told["timeMs"]) == (verified.height, verified.time_ms)
    assert told["headerHash"] == verified.header_hash.hex()
    assert told["appHash"] == verified.app_hash.hex()
    assert told["key"] == verified.key.hex()
    assert told["value"] == (None if verified.value is None else verified.value.hex())
    assert told["trustedHeight"] == verified.trust.height
    assert (told["ballot"] is None, told["decision"] is None) == (ballot is None, decision is None)
    consents = verified.consents
    assert (told["consents"] is None) == (consents is None)
    if consents is not None:
        assert told["consents"]["cooperative"] == consents.cooperative.hex()
        assert told["consents"]["period"] == str(consents.period)
        assert told["consents"]["entries"] == [
            {"number": item.number, "kind": item.kind, "atMs": item.at_ms, "content": item.content}
            for item in consents.entries
        ]
    page = verified.page
    assert (told["page"] is None) == (page is None)
    if page is not None:
        shown = {name: told["page"][name] for name in ("list", "size", "first", "entries")}
        assert shown == {
            "list": get_list_name(page.log),
            "size": page.size,
            "first": page.first,
            "entries": [entry.hex() for entry in page.entries],
        }
    if ballot is not None:
        assert told["ballot"]["ballot"] == ballot.ballot_id.hex()
        assert told["ballot"]["cooperative"] == ballot.cooperative.hex()


def test_agrees_on_every_kind_of_receipt() -> None:
    """To the letter of the sentence; also by a genesis file, and by later and older trust."""
    cases = [Case(receipt=render(receipt)) for receipt in SAMPLES.values()]
    genesis = render_genesis(CHAIN)
    by_genesis = {"trust": compute_trust_bundle(genesis), "trust_file": genesis}
    cases += [Case(receipt=render(receipt), **by_genesis) for receipt in SAMPLES.values()]
    later = make_trust(CHAIN, 15)
    cases += [Case(receipt=render(receipt), **later) for receipt in SAMPLES.values()]
    derived = samples.make_receipt(bytes([1]) * 32 + DERIVED_FROM + bytes(32))

    *believed, outside = compare([*cases, Case(receipt=render(derived))])

    assert None not in believed
    assert outside is None


@pytest.mark.parametrize("name", SAMPLES)
def test_agrees_on_changed_receipts(name: str) -> None:
    """Each changed byte and each changed field is refused by both, and neither fails."""
    chance = random.Random(SEED)
    original = render(SAMPLES[name])
    said = parse_json(original)
    changed = [*samples.change_bytes(original, chance, count=150), *change_fields(said, chance)]

    for data, verified in zip(
        changed, compare([Case(receipt=data) for data in changed]), strict=True
    ):
        assert verified is None or parse_json(data) == said


def test_agrees_on_files_that_other_readers_read_in_two_ways() -> None:
    """Repeated keys, other numbers, half letters, marks before the first byte, and length."""
    text = render(make_ballot_receipt()).decode()
    texts = [
        text.replace('"version":2', '"version":2.0', 1),
        text.replace('"version":2', '"version":2e0', 1),
        text.replace('"version":2', '"version":2,"version":2', 1),
        text.replace('"version":2', '"version":1,"version":2', 1),
        text.replace('"kind":"ballot"', '"kind":"b\\u0061llot"', 1),
        text.replace('"kind":"ballot"', '"kind":"ballot\\ud800"', 1),
        text.replace('"round":0', '"round":-0', 1),
        text.replace('"round":0', '"round":9007199254740993', 1),
        text.replace('"bridge":[]', '"bridge":' + "[" * 40 + "]" * 40, 1),
        text.replace('"bridge":[]', '"bridge":' + "[" * 40_000 + "]" * 40_000, 1),
        text.replace('"extra":null', '"extra":NaN', 1),
        text.replace('"extra":null', '"extra":null,"__proto__":null', 1),
        text.replace('"extra":null', '"ext\\u0072a":null', 1),
        text.replace('"header":{', '"header":{"a,b":1,', 1),
        "\ufeff" + text,
        " \n\t" + text + "\r\n",
        "\x0b" + text,
        text + "{}",
        "",
        "[]",
        "null",
    ]
    assert len(set(texts)) == len(texts)
    files = [item.encode() for item in texts]
    files += [
        text.encode("utf-16"),
        text.encode().replace(b"test", b"t\xff\xfe", 1),
        text.encode() + b" " * (RECEIPT_BYTES_MAX - len(text) + 1),
        text.encode() + b" " * (RECEIPT_BYTES_MAX - len(text)),
    ]

    believed = [
        verified is not None for verified in compare([Case(receipt=file) for file in files])
    ]

    assert [place for place, holds in enumerate(believed) if holds] == [4, 6, 12, 15, 24]


def test_agrees_on_names_and_values_that_programs_trip_over() -> None:
    """Names that every object of JavaScript has, and other things where a text belongs."""
    said = json.loads(render(SAMPLES["consents"]))
    odd = [None, True, 5, [], {}, {"toString": 1}, {"toString": None, "valueOf": None}]
    names = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]
    changed = [{**said, field: value} for field in ("kind", "chain_id") for value in [*odd, *names]]
    changed += [{**said, "kind": name, "extra": None} for name in names]
    for field in ("body", "salt"):
        for value in [*odd, *names]:
            first, *others = said["extra"]["entries"]
            entries = [{**first, field: value}, *others]
            changed.append({**said, "extra": {**said["extra"], "entries": entries}})

    believed = compare([Case(receipt=json.dumps(each).encode()) for each in changed])

    assert not any(believed)


def test_agrees_on_chains_of_any_validators() -> None:
    """Turning sets, absent and contrary votes, bridges that lead there or do not."""
    chance = random.Random(SEED)
    cases = list(make_chain_cases(chance))

    believed = [verified is not None for verified in compare(cases)]

    assert len(cases) // 5 < sum(believed) < len(cases) * 4 // 5


def test_agrees_on_times() -> None:
    """Trust that grows old, clocks that differ, blocks in the wrong order."""
    expires_ms = TRUST.time_ns // 1_000_000 + TRUSTING_DAYS * 86_400_000
    receipt = make_ballot_receipt()
    made_ms = receipt.block.header.time_ms
    cases = [
        Case(receipt=render(receipt), now_ms=edge_ms + after_ms, accepts_old_trust=accepts)
        for edge_ms in (expires_ms, made_ms - CLOCK_SKEW_S_MAX * 1_000)
        for after_ms in range(-1, 3)
        for accepts in (False, True)
    ]
    cases += [
        Case(receipt=render(forge(time_ns=time_ns)), **trusted)
        for trusted in (make_trust(CHAIN, 2), make_trust(CHAIN, 9))
        for height in (2, 9)
        for time_ns in range(*(CHAIN.get_header(height).time_ns + step for step in (-1, 2)))
    ]

    believed = compare(cases)

    assert any(believed)
    assert not all(believed)
    [answer] = ask_verifier([make_question(render(receipt), TRUST_FILE, now_ms=expires_ms + 1)])
    assert answer.kind == TrustExpiredError.__name__.removesuffix("Error")
    assert "more than 90 days old" in answer.refused


def test_agrees_on_headers_of_something_else() -> None:
    """Signed by all of the trusted validators, and yet refused."""
    changes: list[dict[str, Any]] = [
        {},
        {"version_block": 12},
        {"version_app": 0},
        {"version_app": (1 << 63) - 1},
        {"chain_id": "test-other-1"},
        {"height": 0},
        {"height": 2},
        {"height": 3},
        {"validators_hash": bytes(32)},
        {"app_hash": bytes(32)},
        {"app_hash": b""},
        {"last_commit_hash": b""},
        {"next_validators_hash": bytes(32)},
        {"time_ns": BEGINS_NS + 10**9 * 300},
    ]

    believed = compare([Case(receipt=render(forge(**each)), name=str(each)) for each in changes])

    assert [place for place, verified in enumerate(believed) if verified] == [
        0,
        2,
        3,
        7,
        11,
        12,
        13,
    ]


def make_chain_cases(chance: random.Random) -> Iterator[Case]:
    """Receipts by random blocks of random chains, with random bridges, to random trust."""
    for number in range(80):
        sets = [chance.sample(range(10), chance.randint(1, 6)) for _ in range(4)]
        chain = SignedChain(
            [each for each in sets for _ in range(4)],
            chain_id=f"test-chance-{number}",
            app_hash=samples.PARTS.compute(),
        )
        *heights, height = sorted(chance.sample(range(1, 18), chance.randint(1, 4)))
        votes = "".join(chance.choice("YYYYYYYN.") for _ in chain.get_validators(height))
        receipt = dataclasses.replace(
            make_ballot_receipt(),
            chain_id=chain.chain_id,
            block=chain.get_block(height, votes=votes),
            bridge=tuple(chain.get_block(each) for each in heights),
        )
        yield Case(
            receipt=render(receipt),
            name=f"{number}: {heights} {height} {votes}",
            **make_trust(chain, chance.randrange(1, 18)),
        )


def forge(**changes: Any) -> Receipt:
    """A receipt by a header that says something else, signed by the validators of its height."""
    receipt = make_ballot_receipt()
    header: Header = dataclasses.replace(receipt.block.header, **changes)
    block: LightBlock = sign_header(header, CHAIN.get_validators(NEAR))
    return dataclasses.replace(receipt, block=block)


def change_fields(value: Any, chance: random.Random) -> Iterator[bytes]:
    """Receipts of which one field is another, more or gone."""
    for path in chance.sample(places := list(list_places(value, ())), min(120, len(places))):
        changed = copy.deepcopy(value)
        parent: Any = changed
        for step in path[:-1]:
            parent = parent[step]
        old = parent[path[-1]]
        parent[path[-1]] = chance.choice(list_others(old))
        yield json.dumps(changed).encode()


def list_places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Where something stands in JSON."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from list_places(value[key], (*path, key))


def list_others(value: Any) -> list[Any]:
    """What could stand there instead."""
    if isinstance(value, dict):
        return [value | {"note": 1}, {}, None, []]
    if isinstance(value, list):
        return [[*value, "00" * 32], value[1:] if value else 0, value[::-1] or 1, {}]
    if isinstance(value, int):
        return [value + 1, value - 1, str(value), None, True, value + 0.5]
    if value is None:
        return ["", "00" * 32, {}, 0, False]
    return [value + "0", value[:-1] if value else 1, value.swapcase() + "00", None, 5, value + "\n"]
