"""``imgsvc transform``."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
from attrs import evolve, field, frozen

from imgsvc.domain.errors import Conflict, ImgsvcError, InvalidInput
from imgsvc.domain.transform import Format, TransformSpec
from imgsvc.entrypoints.cli.settings import explained_failures, settings_with
from imgsvc.entrypoints.cli.specs import Asked, explained, read_asked, spec_options
from imgsvc.entrypoints.composition import compose_engine
from imgsvc.ports.imaging import ImageEngine

_EPILOG = """\b
Examples:
  imgsvc transform photo.jpg thumb.webp --spec 'w:400,h:300,fit:cover,gray'
  imgsvc transform photos/*.jpg thumbs/ --spec 'rs:cover:200:200,f:webp,q:80'
  imgsvc transform photo.jpg out.png --json spec.json
"""


@click.command(epilog=_EPILOG)
@click.argument("sources", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=click.Path())
@spec_options
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 64), help="Pictures worked on at once; one for each core unless set."
)
def transform(
    sources: Sequence[Path], target: str, spec: str | None, json_file: Any, overlay: Sequence[str], jobs: int | None
) -> None:
    """Transform picture files, without a server.

    Reads the pictures SOURCES and writes TARGET: a file for one, a folder that exists for several. What stood there
    is replaced.

    Without f: in the spec, the extension of TARGET says the format; in a folder, each keeps its own.
    """
    settings = settings_with(render_slots=jobs)
    asked = read_asked(spec, json_file, overlay)
    with ExitStack() as opened:
        with explained_failures():
            engine = opened.enter_context(compose_engine(settings))
        failures = _run(_Work(engine, asked), _tasks(sources, target, asked.spec), settings.render_slots)
    for source, reason in failures:
        click.echo(f"{source}: {reason}", err=True)
    if failures and len(sources) > 1:
        click.echo(f"{len(failures)} of {len(sources)} pictures could not be made.", err=True)
    if failures:
        raise click.exceptions.Exit(1)


@frozen
class _Task:
    source: Path
    target: Path  # a folder where the name is made from the source's, once the format is known
    spec: TransformSpec


def _tasks(sources: Sequence[Path], target: str, spec: TransformSpec) -> list[_Task]:
    path = Path(target).resolve()  # what a link leads to is replaced, not the link
    if path.is_dir():
        _check_names(sources, path, spec)
        return [_Task(source, path, spec) for source in sources]
    if len(sources) > 1 or target.endswith("/"):
        raise click.UsageError(f"There is no folder {target}; make it first.")
    if path.exists() and not path.is_file():
        raise click.UsageError(f"{target} is not a file.")
    if not path.parent.is_dir():
        raise click.UsageError(f"There is no folder {Path(target).parent}; make it first.")
    return [_Task(sources[0], path, _with_format_of(target, spec))]


def _check_names(sources: Sequence[Path], folder: Path, spec: TransformSpec) -> None:
    """Raises UsageError where one result would take another's place, or that of its own source."""
    names = Counter(_expected_name(source, spec) for source in sources)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise click.UsageError(f"{count} of the pictures would become the same file, {name}.")
    for source in sources:
        if folder / _expected_name(source, spec) == source.resolve():
            raise click.UsageError(f"{source} would be replaced by its own result: say another folder.")


def _expected_name(source: Path, spec: TransformSpec) -> str:
    """The name in a folder, of a picture that is what its own name says."""
    asked = spec.output.format
    format = asked if isinstance(asked, Format) else _format_of(source) or Format.PNG
    return f"{source.stem}.{format.extension}"


def _with_format_of(target: str, spec: TransformSpec) -> TransformSpec:
    if spec.output.format is not None:
        return spec
    format = _format_of(Path(target))
    if format is None:
        known = ", ".join(sorted(one.extension for one in Format))
        raise click.UsageError(f"{target} has no extension that says the format: {known}; or say f: in the spec.")
    try:
        return evolve(spec, output=evolve(spec.output, format=format))
    except InvalidInput as error:
        raise click.UsageError(explained(error)) from None


def _format_of(path: Path) -> Format | None:
    """What the extension says."""
    try:
        return Format(path.suffix.removeprefix(".").lower())
    except InvalidInput:
        return None


@frozen
class _Work:
    """Makes one picture after the other, from several threads."""

    engine: ImageEngine
    asked: Asked
    _makers: dict[Path, Path] = field(factory=dict, init=False)  # which source has made which result

    def __call__(self, task: _Task) -> None:
        with task.source.open("rb") as source:
            self.engine.check(task.spec)
            rendered = self.engine.render(source, task.spec, self.asked.overlays())
        target = task.target
        if target.is_dir():
            target /= f"{task.source.stem}.{Format.of_source(rendered.rendition.media_type).extension}"
        # Two pictures may share a name that nobody expected, where one is not what its own name says.
        if self._makers.setdefault(target, task.source) != task.source:
            raise Conflict(f"another of the pictures has become {target.name}")
        _write(target, rendered.content)


def _run(work: _Work, tasks: Sequence[_Task], jobs: int) -> list[tuple[Path, str]]:
    """The pictures that could not be made, and why."""
    failures: list[tuple[Path, str]] = []
    with _pool(jobs) as pool, _progress(len(tasks)) as progress:
        running = {pool.submit(work, task): task.source for task in tasks}
        for done in as_completed(running):
            try:
                done.result()
            except ImgsvcError as error:
                failures.append((running[done], explained(error)))
            except OSError as error:
                failures.append((running[done], error.strerror or "the file cannot be read or written"))
            progress.update(1)
    return sorted(failures)


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
    is_hidden = total == 1 or not stream.isatty()
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
