"""``python -m imgsvc`` is the command line."""

from imgsvc.entrypoints.cli import main

main()
