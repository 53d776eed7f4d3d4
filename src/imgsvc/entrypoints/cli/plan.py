"""``imgsvc plan``."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from attrs import evolve

from imgsvc.application.planning import Explained
from imgsvc.application.sync_budget import SyncBudget
from imgsvc.domain.errors import ImgsvcError, InvalidInput
from imgsvc.domain.image import Facts
from imgsvc.domain.notation import compact
from imgsvc.domain.plain_data import plain
from imgsvc.domain.plan import Plan, outlook
from imgsvc.entrypoints.cli.settings import explained_failures, settings_with
from imgsvc.entrypoints.cli.specs import Asked, explained, read_asked, spec_options
from imgsvc.entrypoints.composition import compose_engine, compose_header_reader
from imgsvc.entrypoints.http.endpoints.plans import PlanView
from imgsvc.entrypoints.settings import Settings
from imgsvc.ports.imaging import HeaderReader

_EPILOG = """\b
Examples:
  imgsvc plan photo.jpg --spec 'rs:cover:400:300,f:webp'
  imgsvc plan photo.jpg --spec 'trim,w:50p,f:auto' --accept image/avif,image/webp
  imgsvc plan photo.jpg --json spec.json --format json
"""
_MEBIBYTE = 2**20


@click.command(epilog=_EPILOG)
@click.argument("picture", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@spec_options
@click.option("--accept", default="", help="Media types that the client shows, with commas between, for f:auto.")
@click.option(
    "--format",
    "shown_as",
    type=click.Choice(["text", "json"]),
    default="text",
    help="text unless set; json is as in HTTP.",
)
def plan(picture: Path, spec: str | None, json_file: Any, overlay: Sequence[str], accept: str, shown_as: str) -> None:
    """Tell what a transform will do to a picture.

    Reads the header of PICTURE alone: sizes after each step, cost, memory, and every limit. The status is 0 if all
    limits are kept, 1 if not.
    """
    settings = settings_with()
    asked = read_asked(spec, json_file, overlay)
    facts, told = _explained(settings, picture, asked, _media_types(accept))
    view = PlanView.of(told)
    if shown_as == "json":
        click.echo(json.dumps(plain(view), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(picture, facts, told)))
    if not view.fits:
        raise click.exceptions.Exit(1)


def _media_types(text: str) -> list[str]:
    """As in a header Accept; a format's name alone does, too."""
    names = [one.partition(";")[0].strip().lower() for one in text.split(",")]
    return [name if "/" in name else f"image/{name}" for name in names if name]


def _explained(settings: Settings, picture: Path, asked: Asked, accepted: Sequence[str]) -> tuple[Facts, Explained]:
    with explained_failures(), compose_engine(evolve(settings, render_in="process")) as engine:
        headers = compose_header_reader(settings)
        try:
            engine.check(asked.spec)
            with picture.open("rb") as source:
                facts = headers.facts(source)
            found = outlook(asked.spec, facts, settings.of_server().limits, _overlay_facts(headers, asked), accepted)
        except InvalidInput as error:
            where = f"{error.pointer}: " if error.path else ""
            raise click.ClickException(f"{picture}: {where}{explained(error)}") from None
    return facts, Explained(asked.spec, found, SyncBudget(settings.sync_megapixels))


def _overlay_facts(headers: HeaderReader, asked: Asked) -> dict[UUID, Facts]:
    facts = {}
    for image, stream in asked.overlays().items():
        try:
            facts[image] = headers.facts(stream)
        except ImgsvcError as error:
            raise click.ClickException(f"the overlay {image}: {explained(error)}") from None
    return facts


def _lines(picture: Path, facts: Facts, told: Explained) -> Iterator[str]:
    plan, spec = told.plan, told.spec
    frames = f", {facts.frames} frames" if facts.frames > 1 else ""
    yield _line("Picture", f"{picture.name}: {facts.media_type}, {_size(plan, 0)}{frames}")
    for index, step in enumerate(spec.steps, start=1):
        yield _line(f"  {index}. {step.op}", _size(plan, index))
    frames = f", {plan.frames} frames" if plan.frames > 1 else ""
    yield _line("Result", f"{plan.format}, {_size(plan, -1)}{frames}")
    yield _line("Cost", f"{plan.megapixels:.3g} megapixels; {_while_waiting(told)}")
    yield _line("Memory", f"at most {plan.memory_bytes / _MEBIBYTE:.0f} MiB")
    for verdict in plan.verdicts:
        verdict_told = "kept" if verdict.fits else click.style("TOO MUCH", bold=True)
        yield _line(f"  {verdict.limit}", f"{verdict.value} of {verdict.allowed}: {verdict_told}")
    yield _line("Compact", compact(spec))
    yield _line("JSON", spec.canonical_json)
    yield _line("Spec id", spec.id)


def _line(name: str, text: str) -> str:
    return f"{name:<21}{text}".rstrip()


def _size(plan: Plan, index: int) -> str:
    size = plan.sizes[index]
    is_certain = index % len(plan.sizes) < plan.exact
    return f"{size.width}x{size.height}" + ("" if is_certain else " (if there is nothing to trim)")


def _while_waiting(told: Explained) -> str:
    most = f"{told.budget.megapixels:g}"
    if told.fits_sync:
        return f"the server makes it while you wait (up to {most})"
    return f"the server makes a job of it (over {most})" if told.plan.fits else "the server refuses it"
