"""The command line: ``imgsvc`` and ``python -m imgsvc``."""

import atexit
import gc
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name, and end the process with its exit code.

    What is loaded by now is no garbage and never will be: collections pass it over from here on. At the end the system
    takes everything back, and nothing is looked through for it.
    """
    gc.disable()
    from imgsvc.entrypoints.cli import main as command_line

    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)
    command_line(arguments)


if __name__ == "__main__":
    main()
