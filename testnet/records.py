"""Dealing the published heart-disease records to the cooperatives' homes.

This is the operator's part of the story: each home gets its own site's rows and no others.
Only the node's aggregate worker reads them afterwards.
"""

import csv
import hashlib
from pathlib import Path

from config.errors import MisconfiguredError
from testnet.manifest import CooperativePlan

DATA = Path(__file__).parent / "data" / "heart_disease_uci.csv"
DATA_SHA256 = "574f2fa2b43012fa25fca4fcdb36bd7c6bccdd0af4242f6c0e4c8633c5a072ae"
DATA_SOURCE = "https://doi.org/10.24432/C52P4X"
"""UCI Heart Disease (Janosi, Steinbrunn, Pfisterer, Detrano 1988), CC BY 4.0."""
RECORDS_FILE = "heart_disease.csv"


def write_site_records(plan: CooperativePlan, directory: Path) -> int:
    """Write a cooperative's share of its site's rows; how many people they are.

    Raises:
        MisconfiguredError: The data file is not the published one, or has no such site.
    """
    data = DATA.read_bytes()
    if hashlib.sha256(data).hexdigest() != DATA_SHA256:
        raise MisconfiguredError(f"{DATA} is not the published file: check it out again")
    lines = data.decode().splitlines()
    rows = list(csv.DictReader(lines))
    site = [row for row in rows if row["dataset"] == plan.site]
    mine = site[plan.share :: plan.shares]
    if not mine:
        raise MisconfiguredError(f"the data has no site {plan.site}: correct the manifest")
    path = directory / RECORDS_FILE
    with path.open("x", encoding="utf-8", newline="") as file:
        path.chmod(0o600)
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(mine)
    return len(mine)
