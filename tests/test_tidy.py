"""The house rules that no linter knows: sizes, layers as folders, no forgotten work."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FUNCTION_LINES_MAX = 50
MODULE_LINES_MAX = 400
PACKAGES: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "root_packages"
]
MODULES = sorted(path for folder in (*PACKAGES, "tests") for path in (ROOT / folder).rglob("*.py"))


def iterate_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and lines of every function of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_reads_like_a_page(path: Path) -> None:
    """STYLE: a module has at most 400 lines, a function at most 50."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    long = [name for name, count in iterate_functions(path) if count > FUNCTION_LINES_MAX]

    assert lines <= MODULE_LINES_MAX
    assert long == []


def test_every_folder_with_code_is_a_layer() -> None:
    """A folder that the layers do not name would escape every contract."""
    folders = {
        path.parent.relative_to(ROOT).parts[0]
        for path in ROOT.glob("*/**/*.py")
        if not path.relative_to(ROOT).parts[0].startswith(".")
    }

    assert folders - {"tests"} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_folder_says_what_it_owns(package: str) -> None:
    """Each package opens with a docstring for the newcomer."""
    module = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))

    assert len(ast.get_docstring(module) or "") > 60


def test_locks_name_no_address() -> None:
    """A lock with an index's address would not install elsewhere."""
    for lock in (ROOT / "requirements.txt", ROOT / "requirements-dev.txt"):
        text = lock.read_text(encoding="utf-8")

        assert "://" not in text
        assert "--hash=sha256:" in text
    for lock in (ROOT / "tests").rglob("package-lock.json"):
        text = lock.read_text(encoding="utf-8")

        assert '"resolved"' not in text
        assert '"integrity": "sha512-' in text
