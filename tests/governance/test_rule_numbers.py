"""Each rule that a cooperative rests on has tests that cite its number.

docs/governance.md says so; whoever wants to know how one is kept looks for `G7:` in docstrings
of tests.
"""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NUMBERS = (
    "M1",
    "M2",
    *(f"G{number}" for number in range(1, 11)),
    *(f"V{number}" for number in range(1, 5)),
    "F1",
    "K1",
)
CITED = re.compile(r"((?:[A-Z]\d+(?:, | and )?)+): ")


@pytest.fixture(scope="module")
def cited() -> dict[str, list[str]]:
    """Names of tests by the numbers with which their docstrings begin."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                begins = CITED.match(ast.get_docstring(node) or "")
                for number in re.findall(r"[A-Z]\d+", begins[1]) if begins else ():
                    found.setdefault(number, []).append(node.name)
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_every_rule_is_cited_by_a_test(number: str, cited: dict[str, list[str]]) -> None:
    assert [name for name in cited.get(number, ()) if name.startswith("test_")]


def test_a_test_that_is_named_after_a_rule_cites_it(cited: dict[str, list[str]]) -> None:
    """And none cites a rule that there is not."""
    assert set(cited) == set(NUMBERS)
    for path in sorted((TESTS / "governance").rglob("test_*.py")):
        for number, name in re.findall(
            r"^def (?:test_([mgvfk]\d+)_)(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert f"test_{number}_{name}" in cited[number.upper()], path
