"""docs/transforms.md: the reference of the transform language, written from its classes."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import fields

from docs.pictures import pictured
from imgsvc.domain import dialects, reference
from imgsvc.domain.field_rules import Characters, rules_of
from imgsvc.domain.flat_shape import ALIASES, FLAT_ORDER
from imgsvc.domain.limits import Limits
from imgsvc.domain.notation import MAX_LENGTH, compact
from imgsvc.domain.operations import Watermark
from imgsvc.domain.output import Format
from imgsvc.domain.plain_data import canonical
from imgsvc.domain.reference import OperationReference, ParameterReference
from imgsvc.domain.transform import MAX_STEPS, MAX_WATERMARKS
from imgsvc.entrypoints.settings import Settings

PATH = Path(__file__).parent / "transforms.md"

_BEGINNING = """\
# The transform language

<!-- Written by `make docs` from the classes in src/imgsvc/domain. Change those, and not this. -->

A transform is a list of steps and one output. It is written as JSON,

```json
{json}
```

or compactly, as one part of a URL: `{compact}`.

Both are the same spec, with the same id, wherever they are given: in a URL (`/v1/images/{{id}}/content?t=...`), in the
body of `/v1/images/{{id}}/transform`, in a job, on the command line (`imgsvc transform --spec` or `--json`) and in
Python (`parse_spec`). Where a body of the API is a spec, the compact form stands there as `t`, and alone:
`{{"t": "{compact}"}}`. `imgsvc operations` tells in a terminal what stands here, and
`imgsvc plan` what a spec will do to a file.

All examples are made of this picture of 480x320 pixels:

![An evening at a lake, with a balloon on the right and a boat on the left](transforms/scene.webp)
"""

_RULES = """\
## Rules

- Steps are done in the order in which they are written, and one may occur several times. Only `auto_orient` comes
  first, wherever it stands: a picture is brought upright by its EXIF orientation before anything else.
- Each length counts in the picture as it is at that step.
- Unknown names and keys are errors that name the nearest one that there is; so are values out of range, with the place,
  the value and what is allowed.
- A step that does nothing (`rot:0`, `pad:0`, a watermark with an opacity of 0) is dropped, adjustments that follow each
  other become one where that means the same, and numbers are written in one way. What is left is the canonical spec,
  and its SHA-256 the spec's id. Equal ids mean equal bytes, of equal pictures and engines.
- A spec has at most {steps} steps, {watermarks} of them watermarks, {text} characters in a text, and {length} in the
  compact form.
- Limits are checked before a pixel is decoded, for every step and for the result:

{limits}

In the compact form, `,` stands between steps and `:` between arguments. An argument that is left empty, or left out at
the end, has its default; below, what may be left out stands in brackets. `p` stands for percent (`50p`), `1` and `0`
for true and false. Text is `t.` and its UTF-8 in base64url without padding, which this prints:

```bash
printf %s '© Ada' | base64 | tr '+/' '-_' | tr -d '=\\n'
```
"""

_SHAPES = """\
## Shapes of other services

What clients of other services send is read, too, and becomes the same steps. In all of these shapes a resize with both
sides fills exactly that size (`cover`, with `enlarge`): who names a size expects that size. `true` stands for an
operation as it is by default, a value alone for its first parameter, and `false` or `null` for none. An output
option such as `progressive` is off with `false`, also where a preset has it on.
"""

_SHAPE_EXAMPLES: tuple[tuple[str, Any], ...] = (
    (
        "Wrapped, and with filters in a group of their own:",
        {
            "transformations": {
                "resize": {"width": 400, "height": 300},
                "rotate": 90,
                "format": "webp",
                "filters": {"grayscale": True, "sepia": 40},
            }
        },
    ),
    ("The same keys flat:", {"resize": {"width": 400}, "blur": 3, "watermark": {"text": "hello"}, "quality": 70}),
    (
        "A list, whose order is kept:",
        [
            {"operation": "crop", "params": {"x": 10, "y": 10, "width": 300, "height": 200}},
            {"operation": "rotate", "params": {"degrees": 90}},
            {"operation": "apply_filter", "params": {"grayscale": True}},
        ],
    ),
)
_QUERY_EXAMPLE = "width=400&height=300&rotate=90&format=webp&compress=60&grayscale=1&flip=1&watermarkText=hello"


def text() -> str:
    parts = [_beginning(), _rules(), _values(), *_operations(), _output(), _shapes()]
    return "\n".join(part.strip() + "\n" for part in parts)


def _beginning() -> str:
    spec = dialects.read_spec(
        {
            "steps": [{"op": "resize", "width": 300, "height": 200}, {"op": "grayscale"}],
            "output": {"format": "webp", "quality": 80},
        }
    )
    return _BEGINNING.format(json=json.dumps(canonical(spec)), compact=compact(spec))


def _rules() -> str:
    most = next(rule.most for rule in rules_of(fields(Watermark).text) if isinstance(rule, Characters))
    settings = [getattr(fields(Settings), one.name) for one in fields(Limits)]
    rows = [(f"`IMGSVC_{one.name.upper()}`", one.metadata["help"], f"{one.default:,}") for one in settings]
    return _RULES.format(
        steps=MAX_STEPS,
        watermarks=MAX_WATERMARKS,
        text=most,
        length=MAX_LENGTH,
        limits=_table(("Setting", "At most so many", "Default"), rows),
    )


def _values() -> str:
    rows = [(one.name, one.means) for one in reference.values()]
    return "## Values\n\n" + _table(("A", "is"), rows)


def _operations() -> Iterator[str]:
    rows = [
        (f"[`{one.name}`](#{one.name})", "<br>".join(f"`{form}`" for form in one.forms), one.summary)
        for one in reference.operations()
    ]
    yield "## Operations\n\n" + _table(("Operation", "Compact", "Does"), rows)
    for one in reference.operations():
        yield "\n\n".join(_operation(one))


def _operation(one: OperationReference) -> Iterator[str]:
    yield f"### {one.name}"
    yield "\n".join(["```", *one.forms, "```"])
    yield from filter(None, (one.summary, *one.details.split("\n\n")))
    if one.parameters:
        yield _parameters(one.parameters)
    yield from _choices(one.parameters)
    step = canonical(one.examples[0].spec)["steps"][0]
    yield f"```json\n{json.dumps(step, ensure_ascii=False)}\n```"
    yield _gallery(one.name)


def _parameters(parameters: Iterable[ParameterReference]) -> str:
    rows = [
        (f"`{one.name}`", f"`{one.compact}:`" if one.compact else "", one.means, one.allowed, one.default or "needed")
        for one in parameters
    ]
    has_keys = any(key for _, key, *_ in rows)
    heads = ("Parameter", "Key", "Means", "Allowed", "Default")
    chosen = (0, 1, 2, 3, 4) if has_keys else (0, 2, 3, 4)
    return _table([heads[at] for at in chosen], [[row[at] for at in chosen] for row in rows])


def _choices(parameters: Iterable[ParameterReference]) -> Iterator[str]:
    for one in parameters:
        told = [f"- `{choice.word}`: {choice.means}" for choice in one.choices if choice.means]
        if told and one.name != "gravity":  # which stands among the values
            yield f"`{one.name}` is one of:\n\n" + "\n".join(told)


def _gallery(name: str) -> str:
    before = {"trim": "framed", "background": "cut-out"}.get(name)
    rows = []
    if before is not None:
        rows.append((f"![before](transforms/{before}.webp)", "before"))
    for one in pictured(name):
        size = one.plan.size
        shown = f"![{one.example.shows}](transforms/{one.path.name})"
        told = f"`{compact(one.example.spec)}`<br>{one.example.shows}"
        rows.append((shown, told + (f"<br>{size.width}x{size.height}" if one.plan.is_exact else "")))
    return _table(("", ""), rows)


def _output() -> str:
    options = [one.option for one in reference.output_options()]
    examples = [
        (f"`{compact(one.example.spec)}`", one.example.shows, f"`{json.dumps(canonical(one.example.spec.output))}`")
        for one in reference.output_options()
    ]
    formats = [
        (f"`{one}`", f"`.{one.extension}`", str(one.default_quality or ""), "yes" if one.animates else "")
        for one in Format
    ]
    parts = [
        "## Output",
        "How the result is written. An option that means nothing to the format is refused, since nothing is skipped "
        "silently.",
        _parameters(options),
        *_choices(options),
        _table(("Format", "File", "Quality, unless given", "All frames"), formats),
        "Examples:",
        _table(("Compact", "Gives", "JSON"), examples),
        _gallery("quality"),
    ]
    return "\n\n".join(parts)


def _shapes() -> str:
    parts = [_SHAPES]
    for told, shape in _SHAPE_EXAMPLES:
        parts.append(f"{told}\n\n```json\n{json.dumps(shape)}\n```\n\nis `{compact(dialects.read_spec(shape))}`.")
    pairs = [tuple(pair.split("=")) for pair in _QUERY_EXAMPLE.split("&")]
    spec = dialects.read_query((name, value) for name, value in pairs)
    parts.append(f"A query string:\n\n```\n?{_QUERY_EXAMPLE}\n```\n\nis `{compact(spec)}`.")
    order = ", ".join(f"`{name}`" for name in FLAT_ORDER)
    parts.append(f"Without an order of their own (all but the list), steps are done in this one: {order}.")
    parts.append("Other names: " + ", ".join(f"`{name}` is `{ours}`" for name, ours in ALIASES.items()) + ".")
    parts.append("### Keys of the query\n\n" + _query_keys())
    return "\n\n".join(part.strip() for part in parts)


def _query_keys() -> str:
    keys: Mapping[str, tuple[tuple[str, ...], Any]] = dialects.QUERY_KEYS
    rows = [(f"`{key}`", f"`{'.'.join(place)}`") for key, (place, _) in keys.items()]
    return _table(("Key", "Is, in the flat shape"), [*rows, ("`t`", "a spec in the compact form, alone")])


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
