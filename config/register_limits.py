"""Limits of the register of people.

Like `config.limits`, of which it is a part, kept apart for length alone. None of these
matters to consensus.
"""

PERSON_TEXT_CHARACTERS_MAX = 200
"""A name, or how somebody is reached."""
