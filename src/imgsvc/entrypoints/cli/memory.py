"""What a process that serves keeps of the memory that it has used."""

import ctypes
from contextlib import suppress

_MIB = 2**20
# Options of glibc's mallopt, by their numbers in <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# Pictures are read and sent in pieces of a MiB. Left alone, glibc gets each such piece from the system page by page and
# gives it back at once, which takes 1 to 3 of the 8 to 10 ms that a worker itself spends on a photograph out of S3.
# Now each arena keeps up to 16 MiB for the next, and there are few of them, so that this stays a small sum.
_KEPT = ((_MMAP_THRESHOLD, 4 * _MIB), (_TRIM_THRESHOLD, 16 * _MIB), (_ARENA_MAX, 4))


def keep_memory_at_hand() -> None:
    """To be called before threads begin; elsewhere than with glibc it does nothing."""
    with suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in _KEPT:
            mallopt(option, value)
