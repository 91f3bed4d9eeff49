"""Typing commands in tests, and reading what comes back."""

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from typer import main as typer_main

from node import exit_codes
from node.cli import app, run
from tests.ports import find_ports

PASSPHRASE = "only for test chains"
_make_once = functools.cache(typer_main.get_command)
"""Most of a command's time goes into making the parser of all commands."""


@dataclass
class Terminal:
    """Types commands and reads what comes back."""

    capture: pytest.CaptureFixture[str]
    root: Path
    code: int = 0
    out: str = ""
    error: str = ""

    def type(self, *arguments: str | Path) -> str:
        self.capture.readouterr()
        with mock.patch.dict(os.environ), mock.patch.object(typer_main, "get_command", _make_once):
            self.code = run(app, [str(argument) for argument in arguments])
        self.out, self.error = self.capture.readouterr()
        assert "Traceback" not in self.error
        return self.out + self.error

    def do(self, *arguments: str | Path) -> str:
        said = self.type(*arguments)
        assert self.code == exit_codes.OK, self.error
        return said

    def refuse(self, *arguments: str | Path) -> str:
        """What is said, on one line."""
        said = self.type(*arguments)
        assert self.code != exit_codes.OK
        return " ".join(said.split())

    def ask(self, *arguments: str | Path) -> Any:
        self.do(*arguments, "--json")
        return json.loads(self.out)


def free_ports() -> list[str]:
    """Flags that give a node three ports of its own."""
    web, p2p, dht = find_ports(3)
    return [
        f"--web.listen=127.0.0.1:{web}",
        f"--engine.p2p_listen=127.0.0.1:{p2p}",
        f"--discovery.listen=/ip4/127.0.0.1/tcp/{dht}",
    ]
