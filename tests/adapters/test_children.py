"""Child processes: whatever happens in one costs one call, and it holds nothing worth having."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from ast import literal_eval
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from imgsvc.adapters.imaging import child_pool, open_engine, open_engine_in_children
from imgsvc.adapters.imaging.answers import facts_in, failure_in
from imgsvc.adapters.imaging.children import ChildProcessEngine
from imgsvc.domain.errors import (
    Busy,
    ImageTooLarge,
    InvalidParameter,
    RenderingCrashed,
    RenderingFailed,
    RenderingOutOfMemory,
    RenderingTimedOut,
)
from imgsvc.domain.limits import TAKES_LESS, Limits
from imgsvc.domain.notation import parse
from tests.adapters.misbehaving import PICTURE, MisbehavingEngine, asking_for, told
from tests.pictures import encoded, textured
from tests.waiting import wait_for

SPEC = parse("w:10,f:png")
DEADLINE = 30  # seconds, in which another child may begin too where many tests share the machine
HANGING = 3  # seconds that are waited for what would take minutes
SOON = 13
GIBIBYTE = 2**30


@contextmanager
def in_children(engine=None, **changes):
    given = {
        "slots": 1,
        "queue": 50,
        "wait": timedelta(seconds=30),
        "deadline": timedelta(seconds=DEADLINE),
        "memory": GIBIBYTE,
    }
    children = ChildProcessEngine(engine or MisbehavingEngine(), **{**given, **changes})
    with children.running():
        yield children


@pytest.fixture(scope="module")
def engine():
    with in_children() as engine:
        yield engine


def ask(engine, what):
    """What the child told."""
    with pytest.raises(InvalidParameter) as answer:
        engine.render(asking_for(what), SPEC)
    return told(answer.value)


def process_of(engine):
    return int(ask(engine, "tell_process"))


def landlock_version():
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)


def is_running(process_id):
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# The same as without


def test_children_do_what_the_engine_does():
    plain = open_engine("pillow", Limits())
    source = BytesIO(encoded(textured(300, 200), "jpeg"))
    spec = parse("rs:cover:100:50,gray,f:webp")

    with open_engine_in_children(
        "pillow", Limits(), slots=1, deadline=timedelta(seconds=30), memory=GIBIBYTE
    ) as engine:
        assert engine.fingerprint == plain.fingerprint
        assert engine.measure(source) == plain.measure(source)
        assert engine.render(source, spec) == plain.render(source, spec)
        engine.check(spec)


def test_an_error_keeps_all_that_it_tells(engine):
    with pytest.raises(InvalidParameter) as caught:
        engine.render(asking_for("raise_input"), SPEC)

    error = caught.value
    assert (error.detail, error.path, error.value, error.allowed) == ("no", ("a", 1), 2.5, "less")
    assert (error.nearest, error.position, error.parameter) == ("lesser", 7, "t")


def test_an_error_without_a_value_has_none(engine):
    with pytest.raises(ImageTooLarge) as caught:
        engine.measure(asking_for("raise_without_value"))

    assert not caught.value.has_value
    assert (caught.value.allowed, caught.value.path, caught.value.position) == ("less", (), None)


def test_a_source_that_cannot_be_read_costs_no_child(engine):
    class Unreadable(BytesIO):
        def read(self, *_):
            raise OSError("gone")

    before = process_of(engine)
    with pytest.raises(OSError, match="gone"):
        engine.measure(Unreadable())

    assert process_of(engine) == before


def test_a_source_that_fails_on_its_way_fails_as_itself_and_costs_a_child(engine):
    class Breaking(BytesIO):
        def read(self, *size):
            if self.tell() >= 2**19:
                raise OSError("gone")
            return super().read(*size)

    before = process_of(engine)
    with pytest.raises(OSError, match="gone"):
        engine.measure(Breaking(bytes(2**20)))

    assert process_of(engine) != before


def test_a_large_source_is_never_whole_in_memory(engine):
    class Pieces(BytesIO):
        largest = 0

        def read(self, *size):
            piece = super().read(*size)
            self.largest = max(self.largest, len(piece))
            return piece

    source = Pieces(encoded(Image.effect_noise((1500, 1000), 50)))
    facts = engine.measure(source)

    assert (facts.size.width, facts.size.height) == (1500, 1000)
    assert source.largest < source.getbuffer().nbytes / 2


def test_overlays_arrive_whole_and_under_their_names(engine):
    overlays = {uuid4(): BytesIO(content) for content in (b"", b"one", b"\xff" * 300)}

    with pytest.raises(InvalidParameter) as answer:
        engine.render(BytesIO(PICTURE), SPEC, overlays)

    assert literal_eval(told(answer.value)) == {str(name): stream.getvalue() for name, stream in overlays.items()}


def test_an_overlay_that_cannot_be_read_costs_no_child(engine):
    before = process_of(engine)
    closed = BytesIO()
    closed.close()

    with pytest.raises(ValueError, match="closed"):
        engine.render(BytesIO(PICTURE), SPEC, {uuid4(): closed})

    assert process_of(engine) == before


# What costs one call


@pytest.mark.parametrize(("what", "call"), [("hang", "render"), ("hang_in_c", "render"), ("hang_in_c", "measure")])
def test_a_hang_ends_at_the_deadline(what, call):
    with in_children(deadline=timedelta(seconds=HANGING)) as engine:
        began = time.monotonic()
        with pytest.raises(RenderingTimedOut, match=r"longer than 3 seconds"):
            engine.measure(asking_for(what)) if call == "measure" else engine.render(asking_for(what), SPEC)

        assert HANGING <= time.monotonic() - began < SOON
        assert engine.render(BytesIO(PICTURE), SPEC)


def test_a_call_may_have_a_deadline_of_its_own(engine):
    began = time.monotonic()

    with pytest.raises(RenderingTimedOut, match=r"longer than 0\.3 seconds"):
        engine.render(asking_for("hang"), SPEC, deadline=timedelta(seconds=0.3))

    assert time.monotonic() - began < SOON
    with in_children(deadline=timedelta(seconds=0.2)) as hasty:
        assert hasty.render(asking_for("nap"), SPEC, deadline=timedelta(seconds=20))


@pytest.mark.parametrize(
    ("what", "call"),
    [
        *((what, "render") for what in ("exit", "exit_well", "abort", "speak_out_of_turn", "raise_unprintable")),
        *(("segfault", call) for call in ("measure", "render")),
    ],
)
def test_the_end_of_a_child_costs_one_call(engine, what, call):
    began = time.monotonic()

    with pytest.raises(RenderingCrashed, match="the decoder ended while it worked on the picture"):
        engine.measure(asking_for(what)) if call == "measure" else engine.render(asking_for(what), SPEC)

    assert time.monotonic() - began < SOON
    assert engine.render(BytesIO(PICTURE), SPEC)


@pytest.mark.parametrize("what", ["raise_odd", "raise_elses", "return_html", "return_too_little"])
def test_whatever_else_goes_wrong_costs_one_call(engine, what):
    began = time.monotonic()

    with pytest.raises(RenderingFailed) as caught:
        engine.render(asking_for(what), SPEC)

    assert (type(caught.value), caught.value.detail) == (RenderingFailed, "the picture could not be rendered")
    assert time.monotonic() - began < SOON
    assert engine.render(BytesIO(PICTURE), SPEC)


def test_memory_without_end_ends_at_the_limit():
    with in_children(deadline=timedelta(seconds=20)) as engine:
        before, began = resident_bytes(), time.monotonic()
        with pytest.raises(RenderingOutOfMemory):
            engine.render(asking_for("allocate"), SPEC)

        assert time.monotonic() - began < 20 + 1
        assert engine.render(BytesIO(PICTURE), SPEC)
        assert resident_bytes() - before < 2**25


def test_what_an_earlier_picture_has_left_of_the_memory_fails_no_other(caplog):
    with in_children(slots=2, deadline=timedelta(seconds=20)) as engine:
        for _ in range(2):
            assert engine.render(asking_for("wear_out"), SPEC)
        worn = set(engine.pool.children)

        assert engine.render(asking_for("need_much"), SPEC)
        assert len(worn & engine.pool.children) == 1  # who failed has gone, and no other
    assert "tried again in a process that has done nothing else" in caplog.text


def test_a_picture_that_takes_too_much_memory_even_of_a_new_child_says_which_setting_that_is():
    with in_children(memory=2**28, deadline=timedelta(seconds=20)) as engine:
        for _ in range(2):
            with pytest.raises(
                RenderingOutOfMemory,
                match=rf"more memory than a rendering may have \(IMGSVC_RENDER_MEMORY\): {TAKES_LESS}$",
            ):
                engine.render(asking_for("need_much"), SPEC)

        assert engine.render(BytesIO(PICTURE), SPEC)


def test_a_child_that_glib_ends_for_lack_of_memory_is_not_asked_again(engine, caplog):
    process_of(engine)  # of a child that has worked, so it is asked again

    with caplog.at_level(logging.WARNING), pytest.raises(RenderingOutOfMemory):
        engine.render(asking_for("trap"), SPEC)
    caplog.clear()
    with in_children() as fresh, caplog.at_level(logging.WARNING), pytest.raises(RenderingOutOfMemory):
        fresh.render(asking_for("trap"), SPEC)

    assert caplog.messages == ["a picture has cost its process: it was ended by SIGTRAP"]


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("f:avif", RuntimeError("Failed to encode image: Encoding of color planes failed")),
        ("f:webp", ValueError("encoding error 1")),
    ],
)
def test_an_encoder_that_gets_no_memory_is_told_from_other_failures(monkeypatch, spec, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(Image.Image, "save", fail)

    with pytest.raises(RenderingFailed) as caught:
        open_engine("pillow", Limits()).render(BytesIO(PICTURE), parse(spec))

    assert isinstance(caught.value.__cause__, MemoryError)


def test_what_a_child_writes_to_its_streams_goes_nowhere(engine, capfd):
    assert engine.render(asking_for("print"), SPEC)

    assert capfd.readouterr() == ("", "")


def test_what_happened_is_logged_without_line_breaks(engine, caplog):
    with caplog.at_level(logging.WARNING), pytest.raises(RenderingFailed):
        engine.render(asking_for("raise_odd"), SPEC)
    with caplog.at_level(logging.WARNING), pytest.raises(RenderingFailed):
        engine.render(asking_for("segfault"), SPEC)

    assert any("Odd: secret words" in message for message in caplog.messages)
    ended = "a picture has cost its process: it was ended by SIGSEGV"
    again = "a picture could not be rendered, and is tried again in a process that has done nothing else"
    assert caplog.messages[-3:] == [ended, again, ended]
    assert [message for message in caplog.messages if "\n" in message] == []


def test_a_picture_that_ends_two_children_leaves_the_others_alone():
    with in_children(slots=4, deadline=timedelta(seconds=20)) as engine:
        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(lambda _: engine.render(asking_for("nap"), SPEC), range(4)))
        before = set(engine.pool.children)
        with pytest.raises(RenderingCrashed):
            engine.render(asking_for("segfault"), SPEC)

        assert len(before & engine.pool.children) == 3


@pytest.mark.parametrize("call", ["render", "measure"])
@pytest.mark.parametrize("slots", [1, 2])
def test_a_child_that_is_killed_while_it_works_costs_no_call(slots, call, caplog):
    with in_children(slots=slots, deadline=timedelta(seconds=20)) as engine, ThreadPoolExecutor(1) as thread:
        picture = asking_for("nap")
        work = partial(engine.render, picture, SPEC) if call == "render" else partial(engine.measure, picture)
        made = thread.submit(work)
        (child,) = wait_for(lambda: [one for one in engine.pool.children if one.calls])
        os.kill(child.pid, signal.SIGKILL)

        assert made.result(timeout=20)
    assert "a picture has cost its process: it was ended by SIGKILL" in caplog.messages


def test_a_child_that_was_killed_while_idle_costs_no_call(engine):
    process_id = process_of(engine)
    os.kill(process_id, signal.SIGKILL)
    wait_for(lambda: not is_running(process_id))

    assert engine.render(BytesIO(PICTURE), SPEC)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"failure": None},
        {"failure": {"kind": "SystemExit", "detail": "x"}},
        {"failure": {"kind": "NotAuthenticated", "detail": "x"}},
        {"failure": {"kind": "InvalidInput", "detail": 5, "path": []}},
        {"failure": {"kind": "InvalidInput", "detail": "x", "path": [[]]}},
        {"failure": {"kind": "InvalidInput", "detail": "x"}},
        {"failure": {"kind": "InvalidInput", "detail": "x", "path": [], "position": "far"}},
        {"failure": {"kind": "InvalidInput", "detail": "x", "path": [], "more": 1}},
    ],
)
def test_a_failure_that_makes_no_sense_is_a_failure_all_the_same(answer):
    assert type(failure_in(answer)) is RenderingFailed


@pytest.mark.parametrize(
    "facts",
    [
        None,
        {},
        {"media_type": "text/html", "stored_width": 1, "stored_height": 1},
        {"media_type": "image/jpeg", "stored_width": 1, "stored_height": 1},
        {"media_type": "image/png", "stored_width": -1, "stored_height": 1},
    ],
)
def test_facts_that_cannot_be_are_not_believed(facts):
    with pytest.raises(RenderingFailed):
        facts_in({"facts": facts}, PICTURE)


# What a child has


def test_a_child_knows_nothing_of_what_the_service_was_told(monkeypatch):
    monkeypatch.setenv("IMGSVC_TOKEN_SECRET", "a secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another secret")

    with in_children() as engine:
        environment = ask(engine, "tell_environment")
        real = Path(f"/proc/{process_of(engine)}/environ").read_bytes()

    assert "secret" not in environment
    assert b"secret" not in real
    assert b"IMGSVC" not in real


def test_a_child_has_no_files_of_the_service_open(engine, tmp_path):
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        with in_children() as engine:
            assert ask(engine, "tell_files") == "[0, 1, 2, 3]"


@pytest.mark.skipif(landlock_version() < 4, reason="this kernel has no Landlock that knows TCP")
def test_a_child_can_open_nothing(engine):
    found = literal_eval(ask(engine, "tell_doors"))

    assert engine.is_confined
    assert [name for name, can in found.items() if can] == (["signal the parent"] if landlock_version() < 6 else [])


def test_without_landlock_there_is_one_warning(monkeypatch, caplog):
    class Unconfined(child_pool.ChildProcess):
        def await_ready(self, seconds):
            super().await_ready(seconds)
            self.is_confined = False

    monkeypatch.setattr(child_pool, "ChildProcess", Unconfined)

    with caplog.at_level(logging.WARNING), in_children(slots=2) as engine:
        for _ in range(4):
            assert engine.render(BytesIO(PICTURE), SPEC)

    assert not engine.is_confined
    assert len([message for message in caplog.messages if "Landlock" in message]) == 1


# Waiting


def test_who_finds_the_queue_full_is_sent_away_at_once():
    with in_children(queue=0, deadline=timedelta(seconds=30)) as engine, ThreadPoolExecutor(1) as pool:
        call = pool.submit(engine.render, asking_for("nap"), SPEC)
        wait_for(lambda: not len(engine.pool.idle))
        began = time.monotonic()
        with pytest.raises(Busy):
            engine.measure(BytesIO(PICTURE))

        assert time.monotonic() - began < 0.2
        assert call.result(30)


def test_who_waited_too_long_is_sent_away():
    with in_children(wait=timedelta(seconds=0.1)) as engine, ThreadPoolExecutor(1) as pool:
        call = pool.submit(engine.render, asking_for("nap"), SPEC)
        wait_for(lambda: not len(engine.pool.idle))
        with pytest.raises(Busy):
            engine.measure(BytesIO(PICTURE))

        assert call.result(30)


def test_many_threads_share_the_children(engine):
    plain = open_engine("pillow", Limits())
    sources = [encoded(textured(60 + number, 40), "jpeg") for number in range(8)]

    with in_children(slots=2) as engine, ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: engine.render(BytesIO(sources[number % 8]), SPEC), range(80)))
        processes = len(engine.pool.children)

    assert made == [plain.render(BytesIO(sources[number % 8]), SPEC) for number in range(80)]
    assert processes == 2


# Beginning and end


def test_children_are_replaced_after_a_number_of_calls():
    with in_children(calls_per_child=3) as engine:
        processes = [process_of(engine) for _ in range(7)]

    assert [processes.count(one) for one in dict.fromkeys(processes)] == [3, 3, 1]
    wait_for(lambda: not any(map(is_running, processes)))


def test_an_engine_that_does_not_start_says_why():
    class NotForChildren(MisbehavingEngine):
        def __reduce__(self):
            return os.getcwd, (), None

    before = threading.active_count()

    with pytest.raises(RuntimeError, match="does not start"), in_children(NotForChildren()):
        pass

    assert threading.active_count() == before


def test_a_machine_that_is_short_of_processes_costs_only_time(monkeypatch, caplog):
    start, failures = child_pool.ChildProcess, iter([OSError(11, "no more processes")])

    def started(*arguments):
        for failure in failures:
            raise failure
        return start(*arguments)

    monkeypatch.setattr(child_pool, "ChildProcess", started)

    with in_children() as engine:
        assert engine.render(BytesIO(PICTURE), SPEC)
    assert "could not be started" in caplog.text


def test_a_second_try_has_what_the_first_has_left_of_the_deadline(monkeypatch):
    def never(*_):
        raise OSError(11, "no more processes")

    with in_children() as engine:
        monkeypatch.setattr(child_pool, "ChildProcess", never)
        began = time.monotonic()
        with pytest.raises(RenderingTimedOut, match="longer than 1 second"):
            engine.render(asking_for("segfault"), SPEC, deadline=timedelta(seconds=1))

        assert time.monotonic() - began < 10  # where it may wait for 30


def test_nothing_is_left_behind():
    before = threading.active_count()

    with in_children(slots=3) as engine:
        process_id = process_of(engine)
        processes = [child.pid for child in engine.pool.children]

    assert process_id in processes
    assert not any(map(is_running, processes))
    assert threading.active_count() == before


def test_renderings_leave_memory_and_descriptors_where_they_were():
    source = BytesIO(encoded(textured(200, 150), "jpeg"))
    with in_children(slots=2, calls_per_child=150) as engine:
        for _ in range(50):
            engine.render(source, SPEC)
        memory, files = resident_bytes(), open_files()
        for _ in range(600):
            engine.render(source, SPEC)

        assert resident_bytes() - memory < 4 * 2**20
        assert abs(open_files() - files) <= 1  # one may be on its way


PARENT = """
import sys, time
from datetime import timedelta
from imgsvc.adapters.imaging.children import ChildProcessEngine
from tests.adapters.misbehaving import MisbehavingEngine, asking_for
from imgsvc.domain.notation import parse
from threading import Thread

second = timedelta(seconds=600)
engine = ChildProcessEngine(MisbehavingEngine(), slots=2, queue=5, wait=second, deadline=second, memory=2**30)
with engine.running():
    Thread(target=engine.render, args=(asking_for("hang_in_c"), parse("")), daemon=True).start()
    while len(engine.pool.children) < 2 or len(engine.pool.idle) != 1:
        time.sleep(0.01)
    time.sleep(0.2)
    print(*(child.pid for child in engine.pool.children), flush=True)
    time.sleep(600)
"""


@contextmanager
def parent():
    """A process with children, one of them at work, and their ids."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True, process_group=0) as process:
        try:
            yield process, [int(number) for number in process.stdout.readline().split()]
        finally:
            process.kill()


def test_children_go_when_their_parent_is_killed():
    with parent() as (process, children):
        assert len(children) == 2
        assert all(map(is_running, children))

        process.kill()

        wait_for(lambda: not any(map(is_running, children)), 5)


def test_children_leave_it_to_their_parent_what_a_signal_means():
    with parent() as (_, children):
        for child in children:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(child, number)
        time.sleep(0.3)

        assert all(map(is_running, children))
        assert os.getsid(children[0]) == os.getsid(0)  # or else it is nice to nobody
        assert os.getpgid(children[0]) == children[0]  # where the terminal's Ctrl-C does not reach


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
