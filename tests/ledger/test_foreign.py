"""Verifiers that are not ours, unmodified: they accept what we prove, and refuse what we refuse.

Go checks both kinds of proof. npm checks membership only: version 0.6.8 refuses true absences
next to an empty subtree.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from governance.state_keys import FEDERATION, Collection, is_derived, state_key
from ledger.app_hash import STATE_PART
from ledger.headers import parse_header
from ledger.ics23 import (
    EMPTY,
    SMT,
    TENDERMINT,
    Absence,
    Existence,
    ProofError,
    Step,
    check_absence,
    check_membership,
    decode_absence,
    decode_existence,
    encode_absence,
    encode_existence,
)
from ledger.queries import STATE_PATH
from ledger.store import Store, create_store
from tests.ledger.plain_tree import encode_number, find_crowded_keys, sha256
from tests.ledger.running import run_engine
from tests.ledger.scenario import VOTING_MS, Chain, admit, cast, make_member
from tests.ledger.store_samples import commit

FOLDER = Path(__file__).parent / "foreign"
INSTALL = Path(__file__).parents[2] / "scripts" / "install-foreign-verifiers"
CROWDED = find_crowded_keys()
SIZES = {"one": 1, "two": 2, "few": 9, "some": 60, "many": 700}
ASKED_MAX = 60


@dataclass(frozen=True, slots=True)
class Case:
    """A claim and its proof."""

    spec: str
    root: bytes
    key: bytes
    value: bytes
    """Empty: the key has none."""
    proof: bytes

    def to_json(self) -> str:
        fields = {name: getattr(self, name).hex() for name in ("root", "key", "value", "proof")}
        return json.dumps({"spec": self.spec, **fields})

    def is_held(self) -> bool:
        """What our own verifier says."""
        try:
            if not self.value:
                check_absence(root=self.root, key=self.key, proof=self.proof)
            else:
                check_membership(
                    spec=SMT if self.spec == "smt" else TENDERMINT,
                    root=self.root,
                    key=self.key,
                    value=self.value,
                    proof=self.proof,
                )
        except ProofError:
            return False
        return True


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where set-up installed the verifiers, or where they are installed for this run."""
    path = Path(sys.prefix) / "foreign"
    if not path.is_dir():
        path = tmp_path_factory.mktemp("foreign")
        subprocess.run([INSTALL, path], check=True, capture_output=True)
    return path


def ask(argv: list[str | Path], cases: list[Case], **environment: str) -> list[bool]:
    """What a foreign verifier says of each case."""
    done = subprocess.run(
        argv,
        input="".join(case.to_json() + "\n" for case in cases),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    answers = done.stdout.split()
    assert len(answers) == len(cases)
    return [answer == "true" for answer in answers]


def ask_go(installed: Path, cases: list[Case]) -> list[bool]:
    return ask([installed / "ics23"], cases)


def ask_npm(installed: Path, cases: list[Case]) -> list[bool]:
    node = shutil.which("node")
    assert node is not None
    argv: list[str | Path] = [node, FOLDER / "ics23-npm" / "verify.cjs"]
    return ask(argv, cases, NODE_PATH=str(installed / "node_modules"))


def make_cases(store: Store, keys: list[bytes]) -> list[Case]:
    """The truth about each key."""
    root = store.tree.root
    return [Case("smt", root, key, store.get(key) or b"", store.prove(key)) for key in keys]


@pytest.fixture(params=[*SIZES, "crowded", "split", "chain"])
def cases(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Case]]:
    """True claims about a state, of keys that are there and of keys that are not."""
    name: str = request.param
    if name == "chain":
        chain = Chain.start(tmp_path / "ledger")
        proposal = chain.open_voting(5)
        chain.run(*(cast(number, proposal) for number in range(5)))
        chain.run(admit(make_member(9), nonce=9), after_ms=VOTING_MS)
        present = [key for key, _ in chain.store.scan(b"") if not is_derived(key)]
        store = chain.store
    else:
        if name == "split":
            monkeypatch.setattr("ledger.pages.STATE_PAGE_LEAVES_MAX", 1)
            monkeypatch.setattr("ledger.pages.STATE_PAGE_LEAVES_MERGED", 1)
        create_store(tmp_path / "ledger")
        store = Store.open(tmp_path / "ledger")
        count = SIZES.get(name, 0)
        present = [encode_number(number) for number in range(count)] if count else CROWDED[::2]
        commit(store, [(key, b"value of " + key) for key in [*present, b"gone"]])
        commit(store, [(b"gone", None)])
    absent = [b"gone", *CROWDED[1::2], *(sha256(encode_number(number)) for number in range(60))]
    yield make_cases(store, [*present[:ASKED_MAX], *absent[:ASKED_MAX]])
    store.close()


def bend(case: Case) -> list[Case]:
    """Claims near a true one that are all false."""
    others = [replace(case, root=sha256(case.root)), replace(case, value=case.value + b".")]
    if not case.value:
        absence = decode_absence(case.proof)
        own = [side.key for side in (absence.left, absence.right) if side is not None]
        others += [replace(case, key=key, value=b"") for key in own]
        others += [replace(case, proof=encode_absence(bent)) for bent in bend_absence(absence)]
        return others
    exist = decode_existence(case.proof, spec=SMT)
    others += [
        replace(case, key=case.key + b"."),
        replace(case, value=b""),
        *(replace(case, proof=encode_existence(bent, spec=SMT)) for bent in bend_existence(exist)),
    ]
    return others


def bend_existence(exist: Existence) -> Iterator[Existence]:
    yield replace(exist, key=exist.key + b"\x00")
    yield replace(exist, value=exist.value + b"\x00")
    yield replace(exist, path=(*exist.path, Step(True, EMPTY)))
    for place, (is_right, sibling) in enumerate(exist.path):
        before, after = exist.path[:place], exist.path[place + 1 :]
        yield replace(exist, path=(*before, *after))
        yield replace(exist, path=(*before, Step(not is_right, sibling), *after))
        flipped = bytes([sibling[0] ^ 1]) + sibling[1:]
        yield replace(exist, path=(*before, Step(is_right, flipped), *after))


def bend_absence(absence: Absence) -> Iterator[Absence]:
    left, right = absence.left, absence.right
    if left is not None and right is not None:
        yield replace(absence, left=None)
        yield replace(absence, right=None)
        yield replace(absence, left=right, right=left)
        yield replace(absence, right=left)
    if left is not None:
        for bent in bend_existence(left):
            yield replace(absence, left=bent)
    if right is not None:
        for bent in bend_existence(right):
            yield replace(absence, right=bent)


def test_go_accepts_every_true_claim_and_refuses_every_bent_one(
    installed: Path, cases: list[Case]
) -> None:
    """Membership and absence, under its own SmtSpec."""
    bent = [other for case in cases for other in bend(case)]

    assert len(cases) >= 60
    assert all(case.is_held() for case in cases)
    assert all(ask_go(installed, cases))
    assert len(bent) > 2 * len(cases)
    assert not any(other.is_held() for other in bent)
    assert not any(ask_go(installed, bent))


def test_npm_accepts_every_true_membership_and_refuses_every_bent_one(
    installed: Path, cases: list[Case]
) -> None:
    """Under its own smtSpec, with the key's hash for the key."""
    present = [case for case in cases if case.value]
    bent = [other for case in present for other in bend(case) if other.value]

    assert present
    assert all(ask_npm(installed, present))
    assert not any(ask_npm(installed, bent))


def test_no_verifier_takes_a_proof_without_neighbours(installed: Path, tmp_path: Path) -> None:
    """So nothing can be shown of an empty state; a chain's never is."""
    create_store(tmp_path / "ledger")
    store = Store.open(tmp_path / "ledger")
    bare = Case("smt", EMPTY, b"key", b"", b"\x12\x05\x0a\x03key")

    with pytest.raises(ProofError, match="empty"):
        store.prove(b"key")
    assert not bare.is_held()
    assert ask_go(installed, [bare]) == [False]
    store.close()


async def test_a_running_engines_answer_is_checked_down_from_its_header(
    installed: Path, short_directory: Path
) -> None:
    """Header → app hash → the state's root → a key's value, or that it has none."""
    parameters = state_key(FEDERATION, Collection.PARAMETERS, b"")
    async with run_engine(short_directory, chain_id="test-foreign-1") as (client, _):
        keys = [parameters, parameters + b"?"]
        answers = [await client.abci_query(STATE_PATH, key, prove=True) for key in keys]
        await client.wait_for_height(answers[0].height + 1)
        commit = await client.commit(answers[0].height + 1)
        header = parse_header(commit["header"])
    cases = []
    for key, answer in zip(keys, answers, strict=True):
        of_key, of_root = answer.proofs
        root = decode_existence(of_root, spec=TENDERMINT).value
        cases += [
            Case("tendermint", header.app_hash, STATE_PART, root, of_root),
            Case("smt", root, key, answer.value, of_key),
        ]
    bent = [
        replace(cases[0], root=sha256(header.app_hash)),
        replace(cases[0], value=sha256(cases[0].value)),
        replace(cases[0], key=b"params"),
        replace(cases[1], key=parameters + b"!"),
    ]

    assert [bool(answer.value) for answer in answers] == [True, False]
    assert ask_go(installed, cases) == [case.is_held() for case in cases] == [True] * 4
    assert ask_npm(installed, cases[:3]) == [True] * 3
    assert ask_go(installed, bent) == [other.is_held() for other in bent] == [False] * 4
    assert ask_npm(installed, bent) == [False] * 4
