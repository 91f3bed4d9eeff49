"""A node's home: one directory that holds everything the node is.

The only place that knows where a file lies. Homes are self-contained, so many nodes fit one
machine and a backup is a copy. Sockets lie in `run/` below it, or under /tmp when that path
would be longer than a socket's may be.
"""

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from config.errors import MisconfiguredError
from config.limits import SOCKET_PATH_BYTES_MAX

SETTINGS_FILE = "rochdale.toml"
STATUS_NAME = "supervisor.json"
_LONGEST_SOCKET = "discovery.sock"
_PRIVATE_DIRECTORIES = ("keys", "engine", "ledger", "web", "discovery", "records", "logs")


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below one root."""

    root: Path
    """Absolute, without symbolic links."""

    @property
    def settings_path(self) -> Path:
        """The one settings file."""
        return self.root / SETTINGS_FILE

    @property
    def keys(self) -> Path:
        """Secret keys, one file each."""
        return self.root / "keys"

    @property
    def founder_path(self) -> Path:
        """The founder file that `genesis offer` signs."""
        return self.root / "founder.jws"

    @property
    def request_path(self) -> Path:
        """The request to join that `federation request` signs."""
        return self.root / "request.jws"

    @property
    def genesis_path(self) -> Path:
        """The chain's genesis file as it was adopted, founders' offers included."""
        return self.root / "genesis.json"

    @property
    def trust_path(self) -> Path:
        """The trust bundle that this node joins its chain by, if it does so by a snapshot."""
        return self.root / "trust.json"

    @property
    def engine(self) -> Path:
        """The engine's own home."""
        return self.root / "engine"

    @property
    def engine_data(self) -> Path:
        """Blocks, and what the validator signed last."""
        return self.engine / "data"

    @property
    def guard_path(self) -> Path:
        """What the node knows of its own starts as a validator (`node.signing_guard`)."""
        return self.root / "validator.json"

    @property
    def ledger(self) -> Path:
        """LevelDB with the authenticated state."""
        return self.root / "ledger"

    @property
    def snapshots(self) -> Path:
        """The last snapshots of the state, for nodes that join."""
        return self.root / "snapshots"

    @property
    def snapshot_wanted_path(self) -> Path:
        """There while a command waits for a snapshot of the running node's state."""
        return self.run / "snapshot-wanted"

    @property
    def joining_path(self) -> Path:
        """How far this node is with taking over a snapshot of others."""
        return self.run / "joining.json"

    @property
    def died_path(self) -> Path:
        """At which points the ledger died on purpose (`ledger.crash_points`)."""
        return self.run / "died.json"

    @property
    def web(self) -> Path:
        """The web process's two databases."""
        return self.root / "web"

    @property
    def projection_path(self) -> Path:
        """Read model, rebuilt from the chain at will."""
        return self.web / "projection.db"

    @property
    def private_path(self) -> Path:
        """Members' register and drafts, encrypted."""
        return self.web / "private.db"

    @property
    def webvh_path(self) -> Path:
        """The log of the cooperative's did:webvh, once it was published."""
        return self.web / "did.jsonl"

    @property
    def erasures_path(self) -> Path:
        """Who was erased, as hashes; apart from what a backup may bring back."""
        return self.root / "erased.log"

    @property
    def directory_path(self) -> Path:
        """Cooperative records that discovery keeps."""
        return self.root / "discovery" / "directory.bin"

    @property
    def records(self) -> Path:
        """The operator's records; read by the aggregate worker alone."""
        return self.root / "records"

    @property
    def logs(self) -> Path:
        """One file of JSON lines per process."""
        return self.root / "logs"

    @property
    def lock_path(self) -> Path:
        """Locked while any process of this node lives; holds the supervisor's id."""
        return self.root / "node.lock"

    @property
    def run(self) -> Path:
        """Sockets and the supervisor's status; nothing in it survives a stop."""
        inside = self.root / "run"
        if len(os.fsencode(inside / _LONGEST_SOCKET)) <= SOCKET_PATH_BYTES_MAX:
            return inside
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(f"/tmp/rochdale-{os.getuid()}") / digest  # noqa: S108 - 0700, owner checked

    @property
    def abci_socket(self) -> Path:
        """Where the ledger serves the engine."""
        return self.run / "abci.sock"

    @property
    def rpc_socket(self) -> Path:
        """Where the engine serves its RPC."""
        return self.run / "rpc.sock"

    @property
    def discovery_socket(self) -> Path:
        """Where discovery serves web."""
        return self.run / "discovery.sock"

    @property
    def status_path(self) -> Path:
        """What the supervisor last knew of its processes."""
        return self.run / STATUS_NAME


def open_home(path: Path | str) -> Home:
    """The home at a path that `rochdale init` has made.

    Raises:
        MisconfiguredError: There is none, or it is somebody else's: root may read that, but what
            root writes there the node cannot use.
    """
    home = Home(Path(path).expanduser().resolve())
    try:
        is_made, owner = home.settings_path.is_file(), home.root.stat().st_uid
    except FileNotFoundError:
        is_made, owner = False, os.geteuid()
    except OSError as error:
        raise MisconfiguredError(
            f"{home.root} cannot be read ({error.strerror}): run this as the user who owns it"
        ) from error
    if not is_made:
        raise MisconfiguredError(
            f"there is no node at {home.root}: make one with `rochdale init --home {home.root}`"
        )
    if os.geteuid() == 0 != owner:
        name = _name_user(owner)
        raise MisconfiguredError(
            f"{home.root} belongs to {name}, whose node cannot use what root writes there: run "
            f"this as that user, with `sudo -u '{name}' rochdale …`"
        )
    return home


def _name_user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def create_home(path: Path | str) -> Home:
    """Make the directories of a new home, private to this user.

    Raises:
        MisconfiguredError: A node is there already, or the place cannot be written.
    """
    home = Home(Path(path).expanduser().resolve())
    if home.root.exists() and (not home.root.is_dir() or any(home.root.iterdir())):
        raise MisconfiguredError(
            f"{home.root} is not empty: choose another place with `--home`, "
            "or move the old node away first"
        )
    try:
        home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.root.chmod(0o700)
        for name in _PRIVATE_DIRECTORIES:
            (home.root / name).mkdir(mode=0o700)
    except OSError as error:
        raise MisconfiguredError(
            f"{home.root} cannot be written ({error.strerror}): choose another place with `--home`"
        ) from error
    return home


def prepare_run(home: Home) -> None:
    """Make the directory for sockets and remove what an earlier run left in it.

    Raises:
        MisconfiguredError: It belongs to somebody else or others may enter it.
    """
    run = home.run
    if run.parent != home.root:
        _make_private(run.parent)
    _make_private(run)
    clear_run(home)


def clear_run(home: Home) -> None:
    """Remove sockets and status; only while no process of the node lives."""
    for leftover in home.run.iterdir():
        if leftover.is_socket() or leftover.suffix in {".json", ".new"}:
            leftover.unlink(missing_ok=True)


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise MisconfiguredError(
            f"{directory} cannot be made ({error.strerror}): free that path or its disk"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise MisconfiguredError(
            f"{directory} belongs to somebody else: remove it, it only holds sockets"
        )
    if found.st_mode & 0o077:
        directory.chmod(0o700)
