"""What the console script `rochdale` calls: until all is loaded, Ctrl-C ends it without a word."""

import signal


def main() -> None:
    """Load the commands, and run what was typed."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is signal.default_int_handler:  # or somebody wants it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from testnet.cli import main as run  # noqa: PLC0415 - this is what takes its time

    signal.signal(signal.SIGINT, handler)
    run()
