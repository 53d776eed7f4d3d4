"""What the commands are told to do with pictures: options that give a spec and the images of its watermarks."""

import json
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

import click
from attrs import frozen

from imgsvc.domain import dialects, notation
from imgsvc.domain.errors import ImgsvcError, InvalidInput
from imgsvc.domain.transform import TransformSpec

Command = TypeVar("Command", bound=Callable[..., Any])


@frozen
class Asked:
    """A spec, and the bytes of each image that its watermarks name."""

    spec: TransformSpec
    images: dict[UUID, bytes]

    def overlays(self) -> dict[UUID, BinaryIO]:
        """Streams of one's own, to be read from their start."""
        return {image: BytesIO(content) for image, content in self.images.items()}


def spec_options(command: Command) -> Command:
    """Adds ``spec``, ``json_file`` and ``overlay`` to a command."""
    for option in (
        click.option(
            "--overlay", metavar="ID=FILE", multiple=True, help="The image that a watermark names; once for each."
        ),
        click.option(
            "--json", "json_file", type=click.File("rb"), help="What to do, as a JSON file; - reads standard input."
        ),
        click.option("--spec", "-s", help="What to do, in the compact form; imgsvc operations tells what there is."),
    ):
        command = option(command)
    return command


def read_asked(compact: str | None, json_file: Any, overlays: Sequence[str]) -> Asked:
    """Raises UsageError."""
    if (compact is None) == (json_file is None):
        raise click.UsageError("Say what to do with one of --spec and --json.")
    spec = _spec(compact, json_file)
    return Asked(spec, _images(spec, overlays))


def explained(error: ImgsvcError) -> str:
    """In a sentence, with what would be allowed."""
    allowed = error.allowed if isinstance(error, InvalidInput) else None
    return f"{error.detail}; allowed: {allowed}" if allowed and allowed not in error.detail else error.detail


def _spec(compact: str | None, json_file: Any) -> TransformSpec:
    try:
        if compact is not None:
            return notation.parse(compact)
        return dialects.read_spec(json.load(json_file))
    except InvalidInput as error:
        where = f"character {error.position + 1} of --spec" if error.position is not None else error.pointer
        raise click.UsageError(f"{where}: {explained(error)}" if where else explained(error)) from None
    except (ValueError, RecursionError):
        raise click.UsageError("The file of --json does not hold JSON.") from None


def _images(spec: TransformSpec, overlays: Sequence[str]) -> dict[UUID, bytes]:
    given = dict(_image(text) for text in overlays)
    if len(given) < len(overlays):
        raise click.UsageError("An image is given twice with --overlay.")
    for image in spec.overlays:
        if image not in given:
            raise click.UsageError(f"A watermark names the image {image}: say --overlay {image}=FILE.")
    for image in given:
        if image not in spec.overlays:
            raise click.UsageError(f"--overlay gives the image {image}, which no watermark names.")
    return given


def _image(text: str) -> tuple[UUID, bytes]:
    name, _, file = text.partition("=")
    try:
        return UUID(name), Path(file).read_bytes()
    except ValueError:
        raise click.UsageError(f"--overlay must be ID=FILE with the id of an image, not {text!r}.") from None
    except OSError as error:
        raise click.UsageError(f"The file of --overlay {file!r} cannot be read: {error.strerror}.") from None
