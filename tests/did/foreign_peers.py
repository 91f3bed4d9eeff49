"""Other people's implementations of credentials and logins, run by Node.

Their packages are pinned by hash in tests/did/foreign; `make test` installs them into
.venv/foreign/identity. A script is an ES module beside that package.json: it reads one JSON
value from standard input and prints one.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "foreign"
_INSTALLED = Path(sys.prefix) / "foreign" / "identity"
_TIMEOUT_S = 60


def run_peer(script: str, value: object) -> Any:
    """Give a script of tests/did/foreign a value; what it answered.

    Raises:
        AssertionError: It failed, with what it said; or the packages are not installed.
    """
    assert (_INSTALLED / "node_modules").is_dir(), "run `make test`: it installs foreign peers"
    done = subprocess.run(
        ["node", "--input-type=module", "-e", (FOLDER / script).read_text()],
        cwd=_INSTALLED,  # where a module that comes from the command line looks for packages
        input=json.dumps(value),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
