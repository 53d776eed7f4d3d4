"""Reading an upload: a form with one file, the file alone, or its address; straight to disk."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from email.message import Message
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, NoReturn, cast

from attrs import frozen
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from imgsvc.application.fetching import FetchPicture
from imgsvc.domain.errors import (
    DuplicateParameter,
    FileTooLarge,
    InvalidInput,
    InvalidUrl,
    UnknownParameter,
    not_kept,
)
from imgsvc.domain.field_rules import comma_separated, is_text
from imgsvc.domain.image import Labels
from imgsvc.domain.plain_data import read
from imgsvc.domain.wanted_specs import NamedPresets
from imgsvc.domain.wording import shortened
from imgsvc.entrypoints.http.bodies import is_json, media_type, query_pairs, read_object, refuse_encoding
from imgsvc.entrypoints.http.digests import Digests
from imgsvc.entrypoints.http.errors import InvalidMultipart, MissingFile, TooManyParts, UnsupportedMediaType

MAX_FIELD = 8 * 1024
_MAX_FIELDS = 20
_MOST_IN_MEMORY = 256 * 1024  # bytes of each file that is on its way; the rest of a larger one goes to the disk
# What a form may hold besides the file: its other fields, and the lines between the parts.
_OVERHEAD = 64 * 1024


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
        return await _read_form(request, max_bytes)
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
    url = given.pop("url", None)
    if not is_text(url):
        raise InvalidUrl("url must be the address of a picture", path=("url",), value=url, allowed="text")
    return Upload(BytesIO(), "", "", given, url)


async def _read_file(request: Request, max_bytes: int) -> Upload:
    """The whole body; what is said of it stands in the query."""
    if int(request.headers.get("content-length", "0")) > max_bytes:
        _refuse_file(max_bytes)
    fields: dict[str, str] = {}
    for name, text in query_pairs(request):
        if name in fields:
            raise DuplicateParameter(f"{name} is given twice", parameter=name, value=text, allowed=f"{name} once")
        fields[name] = text
    kept = SpooledTemporaryFile(_MOST_IN_MEMORY)  # noqa: SIM115  # closed with the upload
    file = UploadFile(cast(BinaryIO, kept), size=0)
    try:
        async for chunk in Digests(request.headers).seen(request.stream()):
            if (file.size or 0) + len(chunk) > max_bytes:
                _refuse_file(max_bytes)
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


async def _read_form(request: Request, max_bytes: int) -> Upload:
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        # Python knows charsets that no text should come in, and some that make half a surrogate pair of it.
        raise InvalidMultipart("the form must be in UTF-8", allowed="charset=utf-8, or none")
    if int(request.headers.get("content-length", "0")) > max_bytes + _OVERHEAD:
        _refuse_file(max_bytes)
    parser = _FormParser(
        request.headers,
        _counted(Digests(request.headers).seen(request.stream()), max_bytes),
        max_files=1,
        max_fields=_MAX_FIELDS,
        max_part_size=MAX_FIELD,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _explained(error) from None
    except OSError as error:  # of the temporary file that a large upload is kept in meanwhile
        raise not_kept(error) from error
    return _upload(list(form.multi_items()))


def _explained(error: MultiPartException) -> InvalidInput:
    if error.message.startswith("Too many"):
        return TooManyParts("the form has too many parts", allowed=f"one file, and at most {_MAX_FIELDS} fields")
    if error.message.startswith("Part exceeded"):
        return InvalidMultipart("a field of the form is too long", allowed=f"at most {MAX_FIELD} bytes a field")
    allowed = "multipart/form-data as in RFC 7578: a boundary, and parts that have a name"
    return InvalidMultipart("the form cannot be read", allowed=allowed)


class _FormParser(MultiPartParser):
    """Starlette's, which does not mind when the closing boundary is missing."""

    spool_max_size = _MOST_IN_MEMORY
    _is_complete = False

    async def parse(self) -> FormData:
        self.stream = self._whole(self.stream)
        return await super().parse()

    def on_end(self) -> None:
        self._is_complete = True

    async def _whole(self, stream: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not self._is_complete:
            # In here, because Starlette closes a part's file for a failure of the stream, and for no later one.
            raise MissingFile("the form ends before its closing boundary", allowed="a whole form")


def _upload(items: list[tuple[str, str | UploadFile]]) -> Upload:
    files = [(name, item) for name, item in items if isinstance(item, UploadFile)]
    fields = [(name, item) for name, item in items if isinstance(item, str)]
    try:
        if not files or files[0][0] != "file":
            allowed = "a part named file, with a filename"
            raise MissingFile("the form has no file under the name file", allowed=allowed)
        for name, _ in fields:
            if [other for other, _ in fields].count(name) > 1:
                raise DuplicateParameter(f"{name} is given twice", path=(name,), allowed=f"{name} once")
    except InvalidInput:
        for _, file in files:
            file.file.close()
        raise
    upload = files[0][1]
    content = cast(BinaryIO, cast("SpooledTemporaryFile[bytes]", upload.file))
    return Upload(content, upload.filename or "", upload.content_type or "", dict(fields))


async def _counted(stream: AsyncIterator[bytes], max_bytes: int) -> AsyncGenerator[bytes, None]:
    total = 0
    async for chunk in stream:
        total += len(chunk)
        if total > max_bytes + _OVERHEAD:
            _refuse_file(max_bytes)
        yield chunk


def _refuse_file(max_bytes: int) -> NoReturn:
    raise FileTooLarge("the file is too large", allowed=f"at most {max_bytes} bytes")
