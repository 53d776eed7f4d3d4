"""What a serving process keeps of the memory that it has used."""

import platform
import subprocess
import sys

import pytest

# How many pages it takes to fill three MiB twenty times, once that was done a few times. A MiB has 256.
_PROGRAM = """
import resource
from imgsvc.entrypoints.cli.memory import keep_memory_at_hand
keep_memory_at_hand()
def fill():
    return [bytes([1]) * 2**20 for _ in range(3)]
for _ in range(5):
    fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the options are those of glibc")
def test_pieces_of_a_mebibyte_are_not_fetched_from_the_system_each_time():
    ran = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60)

    assert int(ran.stdout) < 100
