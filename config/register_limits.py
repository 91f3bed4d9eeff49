"""Limits of the register of people.

Like `config.limits`, of which it is a part, kept apart for length alone. None of these
matters to consensus.
"""

PERSON_TEXT_CHARACTERS_MAX = 200
"""A name, or how somebody is reached."""
RESEAL_LINKS_MAX = 10_000
"""Links in one file that a first registrar hands over to seal them anew."""
RESEAL_FILE_BYTES_MAX = 41_943_040
RESEAL_ENTRIES_PER_WRITE = 100
"""Entries that are sealed anew in one transaction, so that the node waits for none of them long."""
