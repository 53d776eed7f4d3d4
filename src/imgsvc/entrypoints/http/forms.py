"""Reading an upload: a form with one file, straight to disk."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, NoReturn, cast

from attrs import frozen
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from imgsvc.domain.errors import DuplicateParameter, FileTooLarge, InvalidInput
from imgsvc.entrypoints.http.bodies import media_type, refuse_encoding
from imgsvc.entrypoints.http.errors import InvalidMultipart, MissingFile, TooManyParts, UnsupportedMediaType

MAX_FIELD = 8 * 1024
_MAX_FIELDS = 20
# What a form may hold besides the file: its other fields, and the lines between the parts.
_OVERHEAD = 64 * 1024


@frozen
class Upload:
    """A file from a form, on disk if it is large, and the form's other fields."""

    file: BinaryIO
    filename: str
    media_type: str  # as the form says; may be empty or wrong
    fields: Mapping[str, str]

    def close(self) -> None:
        self.file.close()


async def read_upload(request: Request, max_bytes: int) -> Upload:
    """The form's one file, under the name ``file``; the caller closes it. Raises InvalidInput.

    Nothing more is read once the body is larger than a file of ``max_bytes`` can make it.
    """
    refuse_encoding(request)
    if media_type(request) != "multipart/form-data":
        allowed = "multipart/form-data with a part named file"
        raise UnsupportedMediaType("the body must be a form", value=media_type(request), allowed=allowed)
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        # Python knows charsets that no text should come in, and some that make half a surrogate pair of it.
        raise InvalidMultipart("the form must be in UTF-8", allowed="charset=utf-8, or none")
    if int(request.headers.get("content-length", "0")) > max_bytes + _OVERHEAD:
        _refuse_file(max_bytes)
    parser = _FormParser(
        request.headers,
        _counted(request, max_bytes),
        max_files=1,
        max_fields=_MAX_FIELDS,
        max_part_size=MAX_FIELD,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _explained(error) from None
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


async def _counted(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > max_bytes + _OVERHEAD:
            _refuse_file(max_bytes)
        yield chunk


def _refuse_file(max_bytes: int) -> NoReturn:
    raise FileTooLarge("the file is too large", allowed=f"at most {max_bytes} bytes")
