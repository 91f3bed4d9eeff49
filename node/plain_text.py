"""Words of somebody else, before they are shown in a terminal.

Apart from the commands, since clients put such words into their errors.
"""


def make_plain(text: str) -> str:
    """Text of somebody else without what would steer a terminal, line ends included."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
