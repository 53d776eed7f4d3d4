"""``imgsvc transform``."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
from attrs import frozen

from imgsvc.domain.errors import ImgsvcError
from imgsvc.entrypoints.cli.batches import Batch, Task, batch
from imgsvc.entrypoints.cli.settings import explained_failures, settings_with
from imgsvc.entrypoints.cli.specs import Asked, explained, read_asked, spec_options
from imgsvc.entrypoints.composition import compose_engine, compose_header_reader
from imgsvc.ports.imaging import ImageEngine

_MOST_NAMED = 3  # of the files that were passed over

_EPILOG = """\b
Examples:
  imgsvc transform photo.jpg thumb.webp --spec 'w:400,h:300,fit:cover,gray'
  imgsvc transform photos/*.jpg thumbs/ --spec 'rs:cover:200:200,f:webp,q:80'
  imgsvc transform photo.jpg out.png --json spec.json
  imgsvc transform -r photos small/ --spec 'w:1600,h:1600,fit:inside' --skip-existing
"""


@click.command(epilog=_EPILOG)
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path())
@spec_options
@click.option("--recursive", "-r", is_flag=True, help="Look in the folders of folders, too.")
@click.option("--skip-existing", is_flag=True, help="Leave alone what is there already.")
@click.option(
    "--workers",
    "--jobs",
    "-j",
    "workers",
    type=click.IntRange(1, 64),
    help="Pictures worked on at once; one for each core unless set.",
)
def transform(
    sources: Sequence[Path],
    target: str,
    spec: str | None,
    json_file: Any,
    overlay: Sequence[str],
    recursive: bool,
    skip_existing: bool,
    workers: int | None,
) -> None:
    """Transform picture files, without a server.

    Reads the pictures SOURCES and writes TARGET: a file for one, a folder for several. What stood there is replaced.
    A folder never gets results in place of SOURCES; a file does where it is named as both.

    A folder among SOURCES stands for the pictures in it; TARGET gets folders of the same names. Other files in it are
    passed over.

    Without f: in the spec, the extension of TARGET says the format; in a folder, each keeps its own.
    """
    settings = settings_with(render_slots=workers)
    asked = read_asked(spec, json_file, overlay)
    with ExitStack() as opened:
        with explained_failures():
            engine = opened.enter_context(compose_engine(settings))
        work = batch(sources, target, asked.spec, compose_header_reader(settings), recursive=recursive)
        if skip_existing:
            work = work.without_present()
        failures = [*work.failures, *_run(_Work(engine, asked), work.tasks, settings.render_slots)]
    _tell(work, sorted(failures))
    if failures or not (work.tasks or work.present):
        raise click.exceptions.Exit(1)


def _tell(work: Batch, failures: Sequence[tuple[Path, str]]) -> None:
    """On standard error, what was not made; nothing where all was."""
    told = [f"{source}: {reason}" for source, reason in failures]
    if work.strangers:
        told.append(f"{_counted(len(work.strangers), 'file')} passed over: no picture ({_named(work.strangers)}).")
    if work.present:
        told.append(f"{_counted(work.present, 'picture')} passed over: there already.")
    if failures and len(work.tasks) > 1:
        told.append(f"{len(failures)} of {len(work.tasks)} pictures could not be made.")
    if not (work.tasks or work.present or failures):
        told.append("There are no pictures; -r looks in the folders of folders, too.")
    for line in told:
        click.echo(line, err=True)


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _named(files: Sequence[Path]) -> str:
    """The first few of them."""
    names = [click.format_filename(file) for file in files[:_MOST_NAMED]]
    rest = len(files) - len(names)
    return ", ".join([*names, f"and {rest} more"] if rest else names)


@frozen
class _Work:
    """Makes one picture after the other, from several threads."""

    engine: ImageEngine
    asked: Asked

    def __call__(self, task: Task) -> None:
        with task.source.open("rb") as source:
            self.engine.check(task.spec)
            rendered = self.engine.render(source, task.spec, self.asked.overlays())
        task.target.parent.mkdir(parents=True, exist_ok=True)
        _write(task.target, rendered.content)


def _run(work: _Work, tasks: Sequence[Task], workers: int) -> list[tuple[Path, str]]:
    """The pictures that could not be made, and why."""
    failures: list[tuple[Path, str]] = []
    with _pool(workers) as pool, _progress(len(tasks)) as progress:
        running = {pool.submit(work, task): task.source for task in tasks}
        for done in as_completed(running):
            try:
                done.result()
            except ImgsvcError as error:
                failures.append((running[done], explained(error)))
            except OSError as error:
                failures.append((running[done], error.strerror or "the file cannot be read or written"))
            progress.update(1)
    return failures


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that finish what they have begun, and no more than that when Ctrl-C is pressed."""
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar on standard error, if somebody looks and there is something to wait for."""
    stream = sys.stderr
    is_hidden = total <= 1 or not stream.isatty()
    bar: Any = click.progressbar(length=total, label="Pictures", show_pos=True, file=stream, hidden=is_hidden)
    with bar:
        yield bar


def _write(target: Path, content: bytes) -> None:
    """All of it or nothing, in place of what was there."""
    temporary = target.with_name(f".imgsvc-{uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
