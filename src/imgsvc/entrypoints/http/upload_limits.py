"""How large a file may be that is on its way, and how much of it is held in memory."""

from typing import NoReturn

from imgsvc.domain.errors import FileTooLarge

MOST_IN_MEMORY = 256 * 1024  # bytes of each file; the rest of a larger one goes to the disk


def refuse_file(max_bytes: int) -> NoReturn:
    """Raises FileTooLarge."""
    raise FileTooLarge("the file is too large", allowed=f"at most {max_bytes} bytes")
