"""The verifier of the pages, run by Node.js: the same files that browsers load."""

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).parent / "run_verifier.mjs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the verifier says of one question."""

    holds: Any = None
    """What a receipt shows; None if it was refused."""
    refused: str = ""
    kind: str = ""


def ask_verifier(questions: list[dict[str, Any]]) -> list[Answer]:
    """Ask `run_verifier.mjs`, all at once."""
    node = shutil.which("node")
    assert node is not None, "these tests need Node.js: `apt-get install nodejs`"
    asked = "".join(json.dumps(question) + "\n" for question in questions)
    run = subprocess.run([node, _PROGRAM], input=asked, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    answers = [Answer(**json.loads(line)) for line in run.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


def make_question(
    receipt: bytes, trust: bytes, *, now_ms: int, accepts_old_trust: bool = False
) -> dict[str, Any]:
    """Whether a receipt's file holds by a trust file."""
    return {
        "receipt": receipt.hex(),
        "trust": trust.hex(),
        "nowMs": now_ms,
        "acceptsOldTrust": accepts_old_trust,
    }


def check_meaning(receipt: bytes, trusts: Sequence[bytes], *, meaning: str) -> None:
    """A receipt holds now by each kind of trust, and says the same in the pages."""
    now_ms = int(time.time() * 1_000)
    answers = ask_verifier([make_question(receipt, trust, now_ms=now_ms) for trust in trusts])
    assert [answer.holds["meaning"] for answer in answers] == [meaning] * len(trusts)
