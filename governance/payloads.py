"""What every payload has, for the modules that declare some.

Apart from `governance.transactions`, which gathers them all.
"""

from typing import ClassVar

from did.codec import Record


class PayloadRecord(Record, frozen=True, kw_only=True):
    """What every payload has."""

    tag: ClassVar[int]

    @property
    def work_gas(self) -> int:
        """What applying it costs, beside its bytes and signatures (`ledger.quotas`)."""
        return 1_000
