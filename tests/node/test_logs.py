"""Log files."""

import json
import subprocess
import sys
from pathlib import Path

from node.logs import rotate_log, write_event


def test_the_supervisor_writes_lines_like_everybody_else(tmp_path: Path) -> None:
    """One form for all files: event, level, process, timestamp."""
    code = "import structlog; from node.logs import configure_logging; "
    code += "configure_logging(process='web', level='info'); log = structlog.get_logger(); "
    code += "log.debug('hidden'); log.info('listening', port=1)"
    theirs = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    write_event(tmp_path / "supervisor.log", "process_started", {"pid": 1})
    ours = (tmp_path / "supervisor.log").read_text()

    keys = {"event", "level", "process", "timestamp"}
    assert set(json.loads(ours)) == keys | {"pid"}
    assert set(json.loads(theirs)) == keys | {"port"}


def test_a_large_log_moves_aside_while_it_is_written(tmp_path: Path) -> None:
    """The writer keeps its open file and goes on at the beginning."""
    path = tmp_path / "web.log"
    with path.open("a") as writer:
        writer.write("old\n")
        writer.flush()

        assert not rotate_log(path, bytes_max=4)
        assert rotate_log(path, bytes_max=3)

        writer.write("new\n")
    assert path.read_text() == "new\n"
    assert (tmp_path / "web.log.1").read_text() == "old\n"
