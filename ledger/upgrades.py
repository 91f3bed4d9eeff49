"""Which rules a node's software executes, and when it has to stop before a block.

A scheduled change of the rules (`governance.upgrades`) names the first software that knows
them. A node that runs other software halts before that block and says what to install: the
block would change its state otherwise than everybody else's.
"""

from collections.abc import Sequence

from packaging.version import InvalidVersion, Version

from config.errors import InvariantError, OutdatedError
from governance.records import Parameters, Upgrade
from governance.rules import RULES, Rules
from governance.upgrades import compute_rules_version, compute_software_version_min


class RulesTable:
    """What this software knows."""

    def __init__(self, rules: Sequence[Rules] = RULES, *, software_version: str) -> None:
        self._rules = {item.version: item for item in rules}
        self.software_version = software_version

    @property
    def newest(self) -> Rules:
        """What a new chain begins with."""
        return self._rules[max(self._rules)]

    def get_first(self, version: int) -> Rules:
        """The rules that a genesis file names.

        Raises:
            OutdatedError: This software does not know them.
        """
        rules = self._rules.get(version)
        if rules is None:
            raise OutdatedError(
                f"the genesis file begins with version {version} of the rules, Rochdale "
                f"{self.software_version} knows those up to {self.newest.version}: install a "
                "later Rochdale"
            )
        return rules

    def get(self, parameters: Parameters, *, height: int) -> Rules:
        """The rules of a block that is not executed yet.

        Args:
            parameters: State before that block.
            height: Of the block.

        Raises:
            OutdatedError: This software must not execute it; says what to install.
        """
        version = compute_rules_version(parameters, height=height)
        needed = compute_software_version_min(parameters, height=height)
        if self._can_execute(version, needed):
            return self._rules[version]
        # After its first block the version's height is no longer in state.
        since = f"from block {height} on" if parameters.upgrade else f"since before block {height}"
        raise OutdatedError(
            f"this chain follows version {version} of the rules {since}, which needs Rochdale "
            f"{needed} or later (this is {self.software_version}): stop the node, install that, "
            "and start it again"
        )

    def is_ready_for(self, upgrade: Upgrade) -> bool:
        """Check if this software can go on when a scheduled change begins."""
        return self._can_execute(upgrade.rules_version, upgrade.software_version_min)

    def _can_execute(self, version: int, needed: str) -> bool:
        return version in self._rules and is_software_enough(self.software_version, needed)


def is_software_enough(installed: str, needed: str) -> bool:
    """Compare versions of Rochdale: a pre-release comes before its release.

    Args:
        installed: From the package's metadata.
        needed: `governance.fields.SoftwareVersion`.

    Raises:
        InvariantError: The package's own version is malformed.
    """
    try:
        return Version(installed) >= Version(needed)
    except InvalidVersion as error:
        raise InvariantError(f"the installed package says {installed!r} is its version") from error
