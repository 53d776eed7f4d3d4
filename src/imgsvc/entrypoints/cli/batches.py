"""Which files a transform of many reads, and where each result goes."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from attrs import evolve, field, frozen

from imgsvc.domain.errors import ImgsvcError, InvalidInput, UnsupportedFormat
from imgsvc.domain.output import AUTO
from imgsvc.domain.transform import Format, TransformSpec
from imgsvc.entrypoints.cli.specs import explained
from imgsvc.ports.imaging import HeaderReader

_HEAD = 4096  # bytes that tell what a file is


@frozen
class Task:
    source: Path
    target: Path
    spec: TransformSpec


@frozen
class Batch:
    """What is to be made, and what is not."""

    tasks: list[Task]
    strangers: Sequence[Path] = ()  # files in folders that are no pictures
    present: int = 0  # results that are there already
    failures: list[tuple[Path, str]] = field(factory=list)  # what could not even be looked at

    def without_present(self) -> "Batch":
        """Only what is not there yet."""
        missing = [task for task in self.tasks if not task.target.exists()]
        return evolve(self, tasks=missing, present=len(self.tasks) - len(missing))


def batch(
    sources: Sequence[Path], target: str, spec: TransformSpec, headers: HeaderReader, *, recursive: bool
) -> Batch:
    """Raises UsageError where a result would have no place of its own."""
    path = Path(target).resolve()  # what a link leads to is replaced, not the link
    has_folders = any(source.is_dir() for source in sources)
    if path.is_dir() or (has_folders and not path.exists()):
        return _into_folder(sources, path, _Finder(headers, spec, path, recursive))
    if len(sources) > 1 or has_folders or target.endswith("/"):
        raise click.UsageError(f"There is no folder {target}; make it first.")
    if path.exists() and not path.is_file():
        raise click.UsageError(f"{target} is not a file.")
    if not path.parent.is_dir():
        raise click.UsageError(f"There is no folder {Path(target).parent}; make it first.")
    return Batch([Task(sources[0], path, _with_format_of(target, spec))])


@frozen
class _Finder:
    headers: HeaderReader
    spec: TransformSpec
    target: Path
    recursive: bool
    failures: list[tuple[Path, str]] = field(factory=list)

    def found_in(self, source: Path) -> Iterator[tuple[Path, Task | None]]:
        """Files, and what is to be done with each; nothing with those of a folder that are no pictures."""
        if not source.is_dir():
            # It was named, so that it is no picture is told when it is read.
            named = self._format(source) or _format_of(source) or Format.PNG
            yield source, self._task(source, Path(source.name), named)
            return
        for file in self._files_in(source):
            format = self._format(file)
            yield file, None if format is None else self._task(file, file.relative_to(source), format)

    def _task(self, source: Path, place: Path, format: Format) -> Task:
        return Task(source, self.target / place.with_name(f"{place.stem}.{format.extension}"), self.spec)

    def _files_in(self, folder: Path) -> Iterator[Path]:
        for where, folders, names in os.walk(folder, onerror=self._fail):
            here = Path(where)
            # Results of an earlier run are no sources.
            inner = [name for name in sorted(folders) if (here / name).resolve() != self.target]
            folders[:] = inner if self.recursive else []
            yield from (here / name for name in sorted(names) if (here / name).is_file())

    def _fail(self, error: OSError) -> None:
        self.failures.append((Path(error.filename), error.strerror or "the folder cannot be read"))

    def _format(self, source: Path) -> Format | None:
        """What the result will be written as; None where the source is no picture, or cannot be read."""
        try:
            with source.open("rb") as file:
                media_type = self.headers.media_type(file.read(_HEAD))
                wanted = self.spec.output.format
                if isinstance(wanted, Format):
                    return wanted
                # Whether there is alpha decides only of what a client may choose.
                has_alpha = wanted == AUTO and self.headers.facts(file).has_alpha
            output = self.spec.output.resolved(media_type, has_alpha)
            return output.format if isinstance(output.format, Format) else None
        except UnsupportedFormat:
            return None
        except (ImgsvcError, OSError):
            return _format_of(source) or Format.PNG  # a picture that will tell what is wrong with it


def _into_folder(sources: Sequence[Path], target: Path, finder: _Finder) -> Batch:
    found = [one for source in sources for one in finder.found_in(source)]
    tasks = [task for _, task in found if task is not None]
    _check_places(tasks, target)
    strangers = [file for file, task in found if task is None]
    return Batch(tasks, strangers=strangers, failures=finder.failures)


def _check_places(tasks: Sequence[Task], folder: Path) -> None:
    """Raises UsageError where one result would take another's place, or that of an original."""
    places = Counter(task.target for task in tasks)
    for place, count in places.most_common(1):
        if count > 1:
            name = place.relative_to(folder)
            raise click.UsageError(f"{count} of the pictures would become the same file, {name}.")
    originals = {task.source.resolve(): task.source for task in tasks}
    for place in places:
        if place in originals:
            raise click.UsageError(f"{originals[place]} would be replaced by its own result: say another folder.")


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
