"""Images as rows, and rows as images."""

from collections.abc import Iterable
from typing import Any

from attrs import asdict, fields

from imgsvc.adapters.repositories.tables import images
from imgsvc.domain.image import MAX_NAME, Facts, Image, Labels
from imgsvc.domain.image_search import folded

_COLUMNS = tuple(images.c.keys())
_FACTS = tuple(fact.name for fact in fields(Facts))


def image_row(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "owner": image.owner,
        **labels_row(image.labels),
        "byte_count": image.byte_count,
        "sha256": image.sha256,
        "bytes_of": image.bytes_of,
        "created_at": image.created_at,
        **asdict(image.facts),
    }


def labels_row(labels: Labels) -> dict[str, Any]:
    """With what is searched and sorted by, which no database folds as the other does."""
    words = [labels.name, labels.description or "", *labels.tags]
    return {
        "name": labels.name,
        "description": labels.description,
        "tags": ",".join(labels.tags),
        "name_key": folded(labels.name)[:MAX_NAME],
        "search_text": folded("\n".join(words)),
    }


def image_of_row(row: Iterable[Any]) -> Image:
    """Of a row that begins with the columns of the table."""
    named = dict(zip(_COLUMNS, row, strict=False))
    tags = tuple(named["tags"].split(",")) if named["tags"] else ()
    return Image(
        id=named["id"],
        owner=named["owner"],
        labels=Labels(name=named["name"], description=named["description"], tags=tags),
        byte_count=named["byte_count"],
        sha256=named["sha256"],
        created_at=named["created_at"],
        bytes_of=named["bytes_of"],
        facts=Facts(**{name: named[name] for name in _FACTS}),
    )
