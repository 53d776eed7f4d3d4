"""Reading an upload: a form with one file, the file alone, or its address; straight to disk."""

from collections.abc import Mapping
from email.message import Message
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from attrs import fields_dict, frozen
from starlette.datastructures import UploadFile
from starlette.requests import Request

from imgsvc.application.fetching import FetchPicture
from imgsvc.domain.errors import (
    DuplicateParameter,
    InvalidInput,
    InvalidUrl,
    UnknownField,
    UnknownParameter,
    not_kept,
    unknown,
)
from imgsvc.domain.field_rules import comma_separated, is_text
from imgsvc.domain.image import Labels
from imgsvc.domain.plain_data import read
from imgsvc.domain.wanted_specs import NamedPresets
from imgsvc.domain.wording import nearest, shortened
from imgsvc.entrypoints.http.bodies import is_json, media_type, query_pairs, read_object, refuse_encoding
from imgsvc.entrypoints.http.digests import Digests
from imgsvc.entrypoints.http.errors import UnsupportedMediaType
from imgsvc.entrypoints.http.multipart import read_form
from imgsvc.entrypoints.http.upload_limits import MOST_IN_MEMORY, refuse_file

_URL = "url"


@frozen
class Upload:
    """A file, on disk if it is large, and what was sent besides it."""

    file: BinaryIO
    filename: str
    media_type: str  # as the client says; may be empty or wrong
    fields: Mapping[str, Any]  # texts, or plain JSON where the upload was that
    url: str | None = None  # where the file is, which is empty until it was fetched

    def close(self) -> None:
        self.file.close()


def labels_of(fields: Mapping[str, Any]) -> Labels:
    """What is said of a picture: ``name``, ``description``, and ``tags`` as a list or with commas in between.

    Raises InvalidInput; UnknownField for any other field.
    """
    known: dict[str, Any] = dict(fields)
    if "tags" in known:
        known["tags"] = _listed(known["tags"])
    return read(Labels, known)


def presets_of(given: object) -> NamedPresets:
    """The names of presets, as a list or with commas in between. Raises InvalidInput."""
    return read(NamedPresets, {"presets": _listed(given)})


def _listed(given: object) -> object:
    return comma_separated(given) if isinstance(given, str) else given


def fetched(fetch: FetchPicture, upload: Upload) -> Upload:
    """An upload by its address, with the file that is there. Raises what FetchPicture does."""
    assert upload.url is not None
    found = fetch(upload.url)
    return Upload(found.content, found.name, found.media_type, upload.fields, upload.url)


async def read_upload(request: Request, max_bytes: int) -> Upload:
    """The form's one file, under the name ``file``; or the body; or where it is. The caller closes it.

    Nothing more is read once the body is larger than a file of ``max_bytes`` can make it. Raises InvalidInput;
    StorageFull or Unavailable where it cannot be kept meanwhile.
    """
    refuse_encoding(request)
    kind = media_type(request)
    if kind == "multipart/form-data":
        _refuse_query(request, "a field of the form")
        file, fields = await read_form(request, max_bytes)
        content = cast(BinaryIO, cast("SpooledTemporaryFile[bytes]", file.file))
        return Upload(content, file.filename or "", file.content_type or "", fields)
    if kind.startswith("image/") or kind == "application/octet-stream":
        return await _read_file(request, max_bytes)
    if is_json(kind):
        _refuse_query(request, "a key of the JSON")
        return await _read_address(request)
    allowed = "multipart/form-data with a part named file, image/*, or JSON with a url"
    raise UnsupportedMediaType("the body must be a form, a picture, or JSON", value=kind, allowed=allowed)


def _refuse_query(request: Request, place: str) -> None:
    """Only of a file alone is anything said there: it would be lost."""
    for name, _ in query_pairs(request):
        detail = f"the query of this upload has no {shortened(name)}: say it as {place}"
        raise UnknownParameter(detail, parameter=name, value=name, allowed=f"none; {place}")


async def _read_address(request: Request) -> Upload:
    given = await read_object(request)
    if _URL not in given:
        raise _without_url(given)
    url = given.pop(_URL)
    if not is_text(url):
        raise InvalidUrl("url must be the address of a picture", path=(_URL,), value=url, allowed="text")
    return Upload(BytesIO(), "", "", given, url)


def _without_url(given: Mapping[str, Any]) -> InvalidInput:
    """Names the key that was probably meant to be it."""
    meant = next((key for key in given if nearest(key, [_URL])), None)
    if meant is None:
        return InvalidUrl("url is missing", path=(_URL,), allowed="the address of a picture")
    return unknown(UnknownField, "field", meant, [_URL, *fields_dict(Labels)]).under(meant)


async def _read_file(request: Request, max_bytes: int) -> Upload:
    """The whole body; what is said of it stands in the query."""
    if int(request.headers.get("content-length", "0")) > max_bytes:
        refuse_file(max_bytes)
    fields: dict[str, str] = {}
    for name, text in query_pairs(request):
        if name in fields:
            raise DuplicateParameter(f"{name} is given twice", parameter=name, value=text, allowed=f"{name} once")
        fields[name] = text
    kept = SpooledTemporaryFile(MOST_IN_MEMORY)  # noqa: SIM115  # closed with the upload
    file = UploadFile(cast(BinaryIO, kept), size=0)
    try:
        async for chunk in Digests(request.headers).seen(request.stream()):
            if (file.size or 0) + len(chunk) > max_bytes:
                refuse_file(max_bytes)
            await file.write(chunk)
        await file.seek(0)
    except OSError as error:
        file.file.close()
        raise not_kept(error) from error
    except BaseException:
        file.file.close()
        raise
    return Upload(file.file, _filename(request), media_type(request), fields)


def _filename(request: Request) -> str:
    """As the client names it, in either of the two forms that there are (RFC 6266)."""
    header = Message()
    header["Content-Disposition"] = request.headers.get("content-disposition", "")
    try:
        name = header.get_filename("")
    except (ValueError, LookupError):
        return ""
    return name
