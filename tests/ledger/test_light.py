"""What a wallet believes: every change to a final header is refused."""

import asyncio
import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.errors import RefusedError
from did.keys import KeyPair
from ledger.headers import (
    FLAG_NIL,
    SignedHeader,
    Validator,
    compute_validators_hash,
    compute_vote_sign_bytes,
    parse_signed_header,
    sort_validators,
)
from ledger.light import (
    LightError,
    check_commit,
    check_signed_header,
    check_validators,
    compute_trust_bundle,
    parse_trust_bundle,
    render_trust_bundle,
)
from ledger.rpc import EngineClient

VECTOR = json.loads((Path(__file__).parent.parent / "vectors" / "signed_headers.json").read_text())
TRUST = compute_trust_bundle(VECTOR["genesis"].encode())
KEYS = {
    KeyPair(bytes([seed]) * 32).public_key: KeyPair(bytes([seed]) * 32) for seed in range(10, 14)
}


@pytest.mark.parametrize("index", range(4))
def test_believes_what_four_real_validators_signed(index: int) -> None:
    """The last vector's fourth validator was down: three of four are enough."""
    check_signed_header(parse_signed_header(VECTOR["signed_headers"][index]), trust=TRUST)


@pytest.mark.parametrize("index", range(4))
def test_refuses_every_changed_field(index: int) -> None:
    """Whatever leaf of the JSON is changed, parsing or checking refuses it."""
    original = VECTOR["signed_headers"][index]
    count = 0
    for changed in _change_each_leaf(original):
        count += 1
        with pytest.raises(RefusedError):
            check_signed_header(parse_signed_header(changed), trust=TRUST)
    assert count > 40


def test_refuses_two_of_four_signatures() -> None:
    """More than two thirds of the power must have signed."""
    value = copy.deepcopy(VECTOR["signed_headers"][3])
    value["commit"]["signatures"][0] = value["commit"]["signatures"][1]
    absent = VECTOR["signed_headers"][3]["commit"]["signatures"][1]
    assert absent["block_id_flag"] == 1

    with pytest.raises(LightError, match="only 200 of 400"):
        check_signed_header(parse_signed_header(value), trust=TRUST)


def test_refuses_a_commit_that_leaves_a_validator_out() -> None:
    """Each validator has its entry, if only to say that it was absent."""
    value = copy.deepcopy(VECTOR["signed_headers"][1])
    value["commit"]["signatures"].pop()

    with pytest.raises(LightError, match="one entry for each"):
        check_signed_header(parse_signed_header(value), trust=TRUST)


def test_refuses_exactly_two_thirds() -> None:
    """Two of three equal validators are two thirds, not more."""
    validators = TRUST.validators[:3]
    signed = _sign(parse_signed_header(VECTOR["signed_headers"][0]), validators, votes="YYN")

    with pytest.raises(LightError, match="only 200 of 300"):
        check_commit(chain_id=TRUST.chain_id, signed=signed, validators=validators)


def test_a_vote_against_the_block_counts_for_nothing_but_must_be_valid() -> None:
    """A precommit for no block is signed over no block id."""
    validators = TRUST.validators
    signed = _sign(parse_signed_header(VECTOR["signed_headers"][0]), validators, votes="YYYN")

    check_commit(chain_id=TRUST.chain_id, signed=signed, validators=validators)


def test_refuses_a_validator_that_signs_in_anothers_place() -> None:
    """Two entries exchanged are both invalid."""
    value = copy.deepcopy(VECTOR["signed_headers"][1])
    entries = value["commit"]["signatures"]
    entries[0], entries[1] = entries[1], entries[0]

    with pytest.raises(LightError, match="another validator"):
        check_signed_header(parse_signed_header(value), trust=TRUST)


def test_refuses_other_validators_with_a_sentence_that_says_what_to_do() -> None:
    """The trusted set is never exchanged in silence."""
    trust = dataclasses.replace(TRUST, validators=TRUST.validators[:3])

    with pytest.raises(LightError, match="get a new trust bundle"):
        check_signed_header(parse_signed_header(VECTOR["signed_headers"][1]), trust=trust)


def test_refuses_another_chain() -> None:
    """The same validators may serve two chains."""
    trust = dataclasses.replace(TRUST, chain_id="test-other-1")

    with pytest.raises(LightError, match="chain"):
        check_signed_header(parse_signed_header(VECTOR["signed_headers"][1]), trust=trust)


def test_refuses_a_header_that_contradicts_the_trusted_one() -> None:
    """Two final headers at one height would mean a fork."""
    signed = parse_signed_header(VECTOR["signed_headers"][1])
    height, header_hash = signed.header.height, signed.header.compute_hash()

    check_signed_header(
        signed, trust=dataclasses.replace(TRUST, height=height, header_hash=header_hash)
    )
    with pytest.raises(LightError, match="contradicts"):
        check_signed_header(
            signed, trust=dataclasses.replace(TRUST, height=height, header_hash=bytes(32))
        )


def test_a_trust_bundle_survives_its_file() -> None:
    """What is handed over is what was meant."""
    trust = dataclasses.replace(TRUST, height=3, header_hash=bytes(range(32)))

    assert parse_trust_bundle(json.loads(render_trust_bundle(trust))) == trust


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 2),
        ("chain_id", ""),
        ("genesis_hash", "00"),
        ("genesis_hash", "AB" * 32),
        ("validators", []),
        ("validators", [{"public_key": "00" * 32, "power": 0}]),
        ("validators", [{"public_key": "00" * 32, "power": 1}] * 2),
        ("validators", [{"public_key": "zz"}]),
        ("validators", 3),
        ("height", -1),
        ("height", True),
        ("header_hash", "zz"),
    ],
)
def test_refuses_a_malformed_trust_bundle(name: str, value: object) -> None:
    """A bundle with a field of another kind is nobody to trust."""
    with pytest.raises(LightError):
        parse_trust_bundle(TRUST.to_json() | {name: value})


@pytest.mark.parametrize("genesis", [b"{}", b'{"validators": [1]}', b"[]", b'{"validators": []}'])
def test_refuses_a_genesis_file_without_validators(genesis: bytes) -> None:
    """Trust in nobody is no trust."""
    with pytest.raises(RefusedError):
        compute_trust_bundle(genesis)


def test_refuses_a_genesis_validator_without_power() -> None:
    """Power decides what two thirds are."""
    genesis = VECTOR["genesis"].replace('"power": "100"', '"power": "0"', 1)

    with pytest.raises(LightError, match="positive power"):
        compute_trust_bundle(genesis.encode())


def test_refuses_more_validators_than_cooperatives_fit_a_chain() -> None:
    """The set is bounded before any signature is checked."""
    validators = tuple(
        Validator(public_key=index.to_bytes(32, "big"), power=1) for index in range(65)
    )
    with pytest.raises(LightError):
        check_validators(validators)


async def test_believes_a_running_engine(kvstore_engine: Any) -> None:
    """Header hash, sign bytes and validators hash are the real engine's."""
    genesis = kvstore_engine.genesis_path.read_bytes()
    async with EngineClient(kvstore_engine.rpc_socket) as client:
        async with asyncio.timeout(30):
            await client.wait_for_height(2)
        signed = parse_signed_header(await client.commit(2))

    check_signed_header(signed, trust=compute_trust_bundle(genesis))
    assert signed.header.height == 2


def _sign(signed: SignedHeader, validators: tuple[Validator, ...], *, votes: str) -> SignedHeader:
    """The header again, signed by these validators for (Y) or against (N) it."""
    header = dataclasses.replace(signed.header, validators_hash=compute_validators_hash(validators))
    block_id = dataclasses.replace(signed.commit.block_id, hash=header.compute_hash())
    entry = signed.commit.signatures[0]
    entries = tuple(
        dataclasses.replace(
            entry,
            validator_address=validator.address,
            flag=entry.flag if vote == "Y" else FLAG_NIL,
        )
        for validator, vote in zip(sort_validators(validators), votes, strict=True)
    )
    commit = dataclasses.replace(signed.commit, block_id=block_id, signatures=entries)
    entries = tuple(
        dataclasses.replace(
            entry,
            signature=KEYS[validator.public_key].sign(
                compute_vote_sign_bytes(commit, index, chain_id=header.chain_id)
            ),
        )
        for index, (entry, validator) in enumerate(
            zip(entries, sort_validators(validators), strict=True)
        )
    )
    return SignedHeader(header=header, commit=dataclasses.replace(commit, signatures=entries))


def _change_each_leaf(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in _list_leaves(value, ()):
        changed = copy.deepcopy(value)
        parent: Any = changed
        for step in path[:-1]:
            parent = parent[step]
        for other in _list_others(parent[path[-1]]):
            parent[path[-1]] = other
            yield changed


def _list_leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _list_leaves(value[key], (*path, key))
    else:
        yield path


def _list_others(leaf: Any) -> list[Any]:
    if isinstance(leaf, int):
        return [leaf + 1, leaf - 1, str(leaf), None]
    if leaf is None:
        return ["", "AAAA", 0]
    if not leaf:
        return ["AA" * 32, "00" * 20, None]
    places = {0, len(leaf) // 2, max(0, len(leaf) - 2)}
    flipped = [leaf[:i] + chr(ord(leaf[i]) ^ 1) + leaf[i + 1 :] for i in sorted(places)]
    spelled = [leaf.lower()] if leaf != leaf.lower() else []
    return [*flipped, *spelled, leaf + "0", leaf[:-1], "", None]
