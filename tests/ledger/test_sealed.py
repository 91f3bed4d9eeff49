"""A sealed chain's file: all of it follows from the seal, and the seal from the chain."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from config.errors import RefusedError
from did.jcs import canonicalize, parse_json_object
from governance.bylaws import parse_bylaws
from governance.merkle_log import compute_root, is_included, is_range_included
from governance.seals import ImportedAccount, Seal
from ledger.app_hash import AppHashParts
from ledger.genesis import Founder, assemble_genesis, render_founder
from ledger.receipts import Receipt, ReceiptKind
from ledger.sealed import (
    SEAL_KEY,
    SealedFile,
    check_sealed_chain,
    compute_genesis_hash,
    list_roll_leaves,
    parse_sealed,
)
from tests.ledger import plain_tree
from tests.ledger.scenario import BYLAWS, NODE, REGISTRAR, ROOT, make_inception
from tests.ledger.signed_chain import BEGINS_NS, CHAIN_ID, SignedChain, make_key

MEMBERS = 60
"""More than one transaction brings over."""
NOW_MS = BEGINS_NS // 1_000_000 + 400 * 86_400_000
"""Long after the chain's genesis file is too old for a bundle."""
COOPERATIVE = make_inception(ROOT)
BYLAWS_READ = parse_bylaws(BYLAWS)


def make_account(number: int) -> ImportedAccount:
    return ImportedAccount(
        account=(number * 37 % 251).to_bytes(2, "big") * 16,
        joined_height=number + 2,
        keys=(bytes([number]) * 32,),
        signatures_required=1,
        next_key_commitment=bytes(32),
        guardians_commitment=bytes(32),
        has_left=number == 3,
    )


ACCOUNTS = tuple(make_account(number) for number in range(MEMBERS))


def make_genesis(*founders: int, time_scale: int = 1) -> bytes:
    """Of a chain that cooperatives with these validators founded; 0 is the sealed one."""
    return assemble_genesis(
        [
            render_founder(make_founder(number), root_key=ROOT if not number else make_key(number))
            for number in founders
        ],
        chain_id=CHAIN_ID,
        network="test-signed",
        bylaws=BYLAWS,
        time_scale=time_scale,
        genesis_time_ms=BEGINS_NS // 1_000_000,
    )


def make_founder(number: int) -> Founder:
    return Founder(
        chain_id=CHAIN_ID,
        network="test-signed",
        name=f"Founder {number}",
        origin=f"https://c{number}.test",
        inception=make_inception(make_key(number)) if number else COOPERATIVE,
        registrar_key=REGISTRAR.public_key if not number else make_key(10 + number).public_key,
        assertion_key=NODE.public_key if not number else make_key(20 + number).public_key,
        consensus_key=make_key(number).public_key,
        node_id=bytes([number]).hex() * 20,
        p2p_address=f"c{number}.test:26656",
    )


def make_seal(**changes: Any) -> Seal:
    ordered = sorted(ACCOUNTS, key=lambda item: item.account)
    seal = Seal(
        cooperative=COOPERATIVE.compute_id(),
        destination="test-heart-1",
        height=9,
        time_ms=BEGINS_NS // 1_000_000,
        bylaws_hash=BYLAWS_READ.compute_hash(),
        root_keys=(ROOT.public_key,),
        root_signatures_required=1,
        root_next_key_commitment=bytes(32),
        root_guardians_commitment=bytes(32),
        roll_epoch=4,
        roll_size=MEMBERS,
        roll_root=compute_root(list_roll_leaves(ACCOUNTS)),
        active_count=MEMBERS - 1,
        founding_ends_ms=0,
        last_account=ordered[-1].account,
        is_complete=True,
        accounts_count=MEMBERS,
        accounts_root=compute_root([item.encode() for item in ordered]),
    )
    return msgspec.structs.replace(seal, **changes)


def make_file(
    *, seal: Seal | None = None, founders: tuple[int, ...] = (0,), votes: str = ""
) -> SealedFile:
    """The file of a chain whose validators are its founders'."""
    state = {SEAL_KEY: (seal or make_seal()).encode(), b"another key of the state ........": b"1"}
    parts = AppHashParts(
        state_root=plain_tree.compute_root(plain_tree.hash_leaves(state)),
        log_root=bytes([3]) * 32,
        params_root=bytes([4]) * 32,
    )
    chain = SignedChain([founders], app_hash=parts.compute())
    return SealedFile(
        genesis=make_genesis(*founders),
        receipt=Receipt(
            chain_id=CHAIN_ID,
            kind=ReceiptKind.STATE,
            key=SEAL_KEY,
            value=state[SEAL_KEY],
            proof=(plain_tree.prove(state, SEAL_KEY), parts.prove_state()),
            block=chain.get_block(10, votes=votes),
        ),
        inception=COOPERATIVE,
        bylaws=BYLAWS_READ,
        accounts=ACCOUNTS,
    )


def test_the_file_holds_however_old() -> None:
    """The chain ended; its validator cannot vouch again."""
    file = parse_sealed(make_file().to_bytes())

    verified = check_sealed_chain(file, now_ms=NOW_MS)

    assert (verified.height, verified.key) == (10, SEAL_KEY)
    assert file == make_file()
    assert file.chain.seal == make_seal()
    assert (file.chain.chain_id, file.chain.bylaws) == (CHAIN_ID, BYLAWS_READ)


def test_parts_bring_each_entry_once_with_its_proofs() -> None:
    """As the ledger checks them, from any place on."""
    file, seal = make_file(), make_seal()

    for start in (0, 1, 59, 60):
        place = start
        for part in file.list_parts(start=start):
            leaves = list_roll_leaves([entry.account for entry in part.entries])
            assert part.start == place
            assert is_range_included(
                leaves=leaves,
                start=place,
                size=MEMBERS,
                path=part.roll_path,
                root=seal.roll_root,
            )
            for entry in part.entries:
                assert is_included(
                    leaf=entry.account.encode(),
                    index=entry.index,
                    size=MEMBERS,
                    path=entry.path,
                    root=seal.accounts_root,
                )
            place += len(part.entries)
        assert place == MEMBERS


def test_a_chain_that_others_founded_needs_the_readers_own_trust() -> None:
    """Its genesis file is not the cooperative's word alone: others could have signed it away."""
    file = make_file(founders=(0, 1))

    with pytest.raises(RefusedError, match="--trust"):
        check_sealed_chain(file, now_ms=NOW_MS)

    believed = SignedChain([(0, 1)]).get_trust(9)
    trust = replace(believed, genesis_hash=compute_genesis_hash(file))
    check_sealed_chain(file, now_ms=trust.time_ns // 1_000_000 + 60_000_000, trust=trust)
    check_sealed_chain(file, now_ms=NOW_MS, trust=trust, accepts_old_trust=True)
    with pytest.raises(RefusedError, match="--old-trust"):
        check_sealed_chain(file, now_ms=NOW_MS, trust=trust)


def test_the_genesis_file_is_the_one_that_the_reader_believes() -> None:
    """The seal may hold all the same: founders' names, bylaws and rules are in that file alone."""
    trust = SignedChain([(0, 1)]).get_trust(9)

    with pytest.raises(RefusedError, match="not the one that your trust file is of"):
        check_sealed_chain(make_file(founders=(0, 1)), now_ms=NOW_MS, trust=trust)


def test_a_seal_that_the_validator_did_not_sign_is_refused() -> None:
    """The genesis file's validators, and more than two thirds of them."""
    forged = replace(make_file(), genesis=make_genesis(0).replace(b"Founder 0", b"Founder 9"))
    with pytest.raises(RefusedError):
        check_sealed_chain(forged, now_ms=NOW_MS)
    with pytest.raises(RefusedError):
        check_sealed_chain(make_file(votes="N"), now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"is_complete": False}, "not complete"),
        ({"cooperative": bytes(32)}, "another cooperative's"),
        ({"bylaws_hash": bytes(32)}, "bylaws are not"),
        ({"roll_size": MEMBERS + 1}, "more or fewer entries"),
        ({"accounts_count": MEMBERS - 1}, "more or fewer accounts"),
        ({"roll_root": bytes(32)}, "the roll is not"),
        ({"accounts_root": bytes(32)}, "the accounts are not"),
    ],
)
def test_what_does_not_follow_from_the_seal_is_refused(changes: dict[str, Any], what: str) -> None:
    """Whatever the file says beside it."""
    with pytest.raises(RefusedError, match=what):
        parse_sealed(make_file(seal=make_seal(**changes)).to_bytes())


def test_an_account_stands_once_on_the_roll() -> None:
    """Twice in its place would hide another."""
    twice = (*ACCOUNTS[:-1], ACCOUNTS[0])

    with pytest.raises(RefusedError, match="stands twice"):
        parse_sealed(replace(make_file(), accounts=twice).to_bytes())


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "rochdale-sealed-0"},
        {"more": 1},
        {"inception": ["00"]},
        {"inception": None},
        {"bylaws": "zz"},
        {"genesis": 7},
        {"roll": ["00"]},
        {"receipt": []},
    ],
)
def test_a_malformed_file_is_refused(changes: dict[str, Any]) -> None:
    """With a sentence; never another error."""
    document = parse_json_object(make_file().to_bytes(), bytes_max=1_000_000)

    with pytest.raises(RefusedError):
        parse_sealed(canonicalize(document | changes))


def test_a_receipt_of_something_else_is_no_seal() -> None:
    """Nor is one that shows that there is none."""
    file = make_file()
    for changes in ({"key": SEAL_KEY + b"."}, {"value": None}):
        with pytest.raises(RefusedError, match="not of a seal"):
            parse_sealed(replace(file, receipt=replace(file.receipt, **changes)).to_bytes())
