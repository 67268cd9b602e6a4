"""Run the command line: `python -m refilld` is the same as `refilld`."""

import signal


def main() -> None:
    """Run the command line; SIGINT ends the process at once, without a traceback, until it is imported."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from refilld.cli.root import main as run  # noqa: PLC0415  # takes most of the time of a start

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()
