"""Whether a node's disks have room: it ends in order before they are full.

A process that meets a full disk ends too, but an engine whose log has no room cannot even say
so, and lives on without making blocks. Imported by the supervisor, so this stays light.
"""

import os

from config.limits import DISK_FREE_BYTES_MIN
from node.home import Home


def find_full_disk(home: Home) -> str:
    """What to say of the first disk of ledger and engine with too little room; empty if none."""
    for path in (home.root, home.ledger, home.engine, home.engine_data):
        try:
            found = os.statvfs(path)
        except OSError:
            continue  # whoever needs it says more
        if found.f_bavail * found.f_frsize < DISK_FREE_BYTES_MIN:
            return (
                f"the disk of {path} has less than {DISK_FREE_BYTES_MIN >> 20} MiB left: free "
                "space there; nothing that was acknowledged is lost, and the node goes on by "
                "itself then"
            )
    return ""
