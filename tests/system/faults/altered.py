"""``imgsvc`` that dies, goes no further, or counts at one call of a port, whose clock is ahead, or which does what
pictures ask of it; the service knows nothing of it.

    python altered.py kill|pause|count before|after PORT.METHOD MARK serve --port 0 ...
    python altered.py later SECONDS serve --port 0 ...
    python altered.py misbehaving worker ...
"""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

from attrs import evolve, frozen

from imgsvc.__main__ import main
from imgsvc.adapters import imaging
from imgsvc.application.policy import Policy
from imgsvc.application.ports import Ports
from imgsvc.application.use_cases import UseCases, assemble
from imgsvc.entrypoints.composition import service
from imgsvc.ports.clock import Clock


@frozen
class Interrupted:
    """A port, one method of which is the end, or counted by the bytes of the mark."""

    port: Any
    method: str
    is_after: bool
    what: str
    mark: Path

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.port, name)
        if name != self.method:
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            if not self.is_after:
                self._interrupt()
            result = real(*arguments, **named)
            if self.is_after:
                self._interrupt()
            return result

        return call

    def _interrupt(self) -> None:
        with self.mark.open("a") as mark:
            mark.write(".")
        if self.what == "count":
            return
        if self.what == "pause":
            Event().wait()
        os.kill(os.getpid(), signal.SIGKILL)


def interrupt(what: str, when: str, call: str, mark: str) -> None:
    """Have every service that is composed from here on end there."""
    port, method = call.split(".")

    def alter(ports: Ports) -> Ports:
        whole = getattr(ports, port)
        ending = Interrupted(whole, method, when == "after", what, Path(mark))
        return evolve(ports, **{port: ending})

    _alter_all(alter)


def be_later(time: timedelta) -> None:
    """Have every service that is composed from here on be ahead of the time."""

    def later(clock: Clock) -> Clock:
        return lambda: clock() + time

    _alter_all(lambda ports: evolve(ports, clock=later(ports.clock)))


def misbehave() -> None:
    """Have every engine that is opened from here on obey pictures: see tests/adapters/misbehaving.py."""
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from tests.adapters.misbehaving import MisbehavingEngine

    imaging._engine = lambda name, limits, keep: MisbehavingEngine(limits)


def _alter_all(alter: Any) -> None:
    def assembled(ports: Ports, policy: Policy) -> UseCases:
        return assemble(alter(ports), policy)

    assert service.assemble is assemble, "it is called from elsewhere: to change it here would change nothing"
    service.assemble = assembled


if __name__ == "__main__":
    if sys.argv[1] == "later":
        be_later(timedelta(seconds=float(sys.argv[2])))
        main(sys.argv[3:])
    elif sys.argv[1] == "misbehaving":
        misbehave()
        main(sys.argv[2:])
    else:
        interrupt(*sys.argv[1:5])
        main(sys.argv[5:])
