"""``imgsvc operations``."""

import json
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import click
from attrs import asdict

from imgsvc.domain import reference
from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.examples import Example
from imgsvc.domain.notation import compact
from imgsvc.domain.plain_data import canonical
from imgsvc.domain.reference import OperationReference, OutputReference, ParameterReference, Reference, ValueReference

_WIDTH = 98
_EPILOG = """\b
Examples:
  imgsvc operations
  imgsvc operations resize
  imgsvc operations quality --json
"""


@click.command(epilog=_EPILOG)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print data for programs.")
def operations(name: str | None, as_json: bool) -> None:
    """Tell of every operation and output option.

    With NAME, tells of that one alone: an operation, an output option, a key of the compact form, or gravity, length
    and colour.
    """
    try:
        found = None if name is None else reference.find(name)
    except InvalidInput as error:
        end = "" if error.nearest else "; imgsvc operations tells of all"
        raise click.UsageError(f"{error.detail}{end}") from None
    if as_json:
        click.echo(json.dumps(_everything() if found is None else _data(found), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_page() if found is None else _told(found)))


def _everything() -> dict[str, Any]:
    return {
        "operations": [_data(one) for one in reference.operations()],
        "output": [_data(one) for one in reference.output_options()],
        "values": [_data(one) for one in reference.values()],
    }


def _data(one: Reference) -> dict[str, Any]:
    if isinstance(one, ValueReference):
        return asdict(one)
    if isinstance(one, OutputReference):
        return {**asdict(one.option), "example": _example_data(one.example)}
    parts = {
        name: value for name, value in asdict(one, recurse=False).items() if name not in ("parameters", "examples")
    }
    parameters = [asdict(parameter) for parameter in one.parameters]
    return {**parts, "parameters": parameters, "examples": [_example_data(example) for example in one.examples]}


def _example_data(example: Example) -> dict[str, Any]:
    return {"compact": compact(example.spec), "spec": canonical(example.spec), "shows": example.shows}


def _page() -> Iterator[str]:
    yield from _heading("Operations, done in the order in which they are written")
    for operation in reference.operations():
        yield from _told(operation)
        yield ""
    yield from _heading("Output: how the result is written")
    for option in reference.output_options():
        yield from _told(option)
        yield ""
    yield from _heading("What several parameters may hold")
    for value in reference.values():
        yield from _told(value)


def _heading(text: str) -> Iterator[str]:
    yield click.style(text, bold=True)
    yield ""


def _told(one: Reference) -> Iterator[str]:
    if isinstance(one, ValueReference):
        yield from _row(one.name, one.means)
        return
    if isinstance(one, OutputReference):
        yield from _parameter(one.option)
        yield from _row("", f"for example {compact(one.example.spec)}: {one.example.shows}")
        return
    first, *others = one.forms
    yield f"{click.style(one.name, bold=True)}{' ' * max(2, 15 - len(one.name))}{first}"
    yield from (" " * 15 + form for form in others)
    for paragraph in (one.summary, *filter(None, one.details.split("\n\n"))):
        yield from wrap(paragraph.replace("`", ""), _WIDTH, initial_indent="  ", subsequent_indent="  ")
    for parameter in one.parameters:
        yield from _parameter(parameter)
    yield from _examples(one)


def _parameter(parameter: ParameterReference) -> Iterator[str]:
    default = "must be given" if parameter.default is None else f"default: {parameter.default}"
    name = parameter.name if parameter.compact is None else f"{parameter.name} {parameter.compact}:"
    yield from _row(name, parameter.means)
    yield from _row("", f"{parameter.allowed}; {default}")
    for choice in parameter.choices:
        if choice.means and parameter.allowed.startswith(parameter.choices[0].word):
            yield from _row("", f"{choice.word}: {choice.means}")


def _row(name: str, text: str) -> Iterator[str]:
    first, *others = wrap(text.replace("`", ""), _WIDTH - 21)
    yield f"    {name:<17}{first}" if len(name) < 17 else f"    {name} {first}"
    yield from (" " * 21 + line for line in others)


def _examples(operation: OperationReference) -> Iterator[str]:
    for example in operation.examples:
        yield from _row("for example", f"{compact(example.spec)}")
        yield " " * 21 + example.shows
    step = canonical(operation.examples[0].spec)["steps"][0]
    yield from _row("as JSON", json.dumps(step, ensure_ascii=False))
