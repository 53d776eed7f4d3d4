"""What a process gives up for good, before it looks at the bytes of strangers.

All of it is Linux's; elsewhere, and on older kernels, what is missing is left out.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

# The numbers are the same on every architecture that Python runs on.
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_TCP = 0b11  # to bind and to connect; since version 4 of Landlock's interface
_SCOPES = 0b11  # to reach abstract sockets and to signal processes outside; since version 6


class _Ruleset(ctypes.Structure):
    """``struct landlock_ruleset_attr``."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def end_with(parent: int) -> None:
    """Be killed when the thread that started this process ends, even if it is killed itself."""
    if _is_linux():
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask for that
        os._exit(1)


def limit_resources(memory: int) -> None:
    """At most so many bytes of memory; no core dump, which would hold pictures; no file of any size."""
    _lower(resource.RLIMIT_AS, memory + _untouched_bytes())
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)


def _untouched_bytes() -> int:
    """Addresses that this process has taken and does not use, as libraries do. The kernel counts them as memory."""
    if not _is_linux():
        return 0
    addresses, resident = Path("/proc/self/statm").read_text().split()[:2]
    return (int(addresses) - int(resident)) * resource.getpagesize()


def _lower(limit: int, value: int) -> None:
    _, highest = resource.getrlimit(limit)
    if highest != resource.RLIM_INFINITY:
        value = min(value, highest)
    resource.setrlimit(limit, (value, value))


def close_doors() -> bool:
    """From here on open no file, run no program, speak to nobody over TCP; False where that cannot be had in full.

    What is open already stays open. Whatever is imported, or loaded from a file, must be so before.
    """
    if not _is_linux():
        return False
    libc = _libc()
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    # Only the thread that asks is confined, so there must be no other.
    is_alone = len(list(Path("/proc/self/task").iterdir())) == 1
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, 0, _LANDLOCK_CREATE_RULESET_VERSION)
    if version < 1:
        return False
    ruleset = _ruleset(version)
    opened = libc.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    if opened < 0:
        return False
    is_confined = libc.syscall(_LANDLOCK_RESTRICT_SELF, opened, 0) == 0
    os.close(opened)
    return is_confined and is_alone and bool(ruleset.handled_access_net)


def _ruleset(version: int) -> _Ruleset:
    """All that this version can forbid, without an exception."""
    rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return _Ruleset((1 << rights) - 1, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    return libc


def _is_linux() -> bool:
    return sys.platform == "linux"
