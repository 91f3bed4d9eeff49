"""What one officer may be charged with; apart because acts of bodies and books both name it."""

from enum import IntEnum


class Charge(IntEnum):
    """What the committee charges one officer with; a number is never used for anything else."""

    TREASURER = 1
    """Books, closes, settlements, nettings, agreements, usage."""
    PANEL = 2
    """Need: speaks for the hardship panel, two of whose three keys may have to sign."""
    CONTRIBUTIONS = 3
    """Commits to members' contributions and opens their sum."""
    DATA_STEWARD = 4
    """This and the next four attest one metric of contributions each."""
    SECRETARY = 5
    WORKING_GROUP_CHAIR = 6
    EDUCATION_OFFICER = 7
    OMBUDSPERSON = 8
