"""Reading a form with one file, under the name ``file``; straight to disk."""

from collections.abc import AsyncGenerator, AsyncIterator

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from imgsvc.domain.errors import DuplicateParameter, InvalidInput, not_kept
from imgsvc.domain.wording import shortened
from imgsvc.entrypoints.http.digests import Digests
from imgsvc.entrypoints.http.errors import InvalidMultipart, MissingFile, TooManyParts
from imgsvc.entrypoints.http.upload_limits import MOST_IN_MEMORY, refuse_file

_MAX_FIELD = 8 * 1024
_MAX_FIELDS = 20
# What a form may hold besides the file: its other fields, and the lines between the parts.
_OVERHEAD = 64 * 1024
_FILE = "file"
_ALLOWED = "a part named file, with a filename"


async def read_form(request: Request, max_bytes: int) -> tuple[UploadFile, dict[str, str]]:
    """The one file, which the caller closes, and the fields. Raises InvalidInput, StorageFull, Unavailable."""
    _, options = parse_options_header(request.headers["content-type"])
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        # Python knows charsets that no text should come in, and some that make half a surrogate pair of it.
        raise InvalidMultipart("the form must be in UTF-8", allowed="charset=utf-8, or none")
    if int(request.headers.get("content-length", "0")) > max_bytes + _OVERHEAD:
        refuse_file(max_bytes)
    parser = _FormParser(
        request.headers,
        _counted(Digests(request.headers).seen(request.stream()), max_bytes),
        max_files=1,
        max_fields=_MAX_FIELDS,
        max_part_size=_MAX_FIELD,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _explained(error, parser.part) from None
    except OSError as error:  # of the temporary file that a large upload is kept in meanwhile
        raise not_kept(error) from error
    return _upload(list(form.multi_items()))


def _explained(error: MultiPartException, part: str) -> InvalidInput:
    """What Starlette found wrong, while it read the part of that name."""
    if error.message.startswith("Too many"):
        return TooManyParts("the form has too many parts", allowed=f"one file, and at most {_MAX_FIELDS} fields")
    if error.message.startswith("Part exceeded"):
        if part == _FILE:
            return _without_filename()
        return InvalidMultipart("a field of the form is too long", allowed=f"at most {_MAX_FIELD} bytes a field")
    allowed = "multipart/form-data as in RFC 7578: a boundary, and parts that have a name"
    return InvalidMultipart("the form cannot be read", allowed=allowed)


class _FormParser(MultiPartParser):
    """Starlette's, which does not mind when the closing boundary is missing."""

    spool_max_size = MOST_IN_MEMORY
    _is_complete = False

    @property
    def part(self) -> str:
        """The name of the one that was read last."""
        return self._current_part.field_name

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


def _upload(items: list[tuple[str, str | UploadFile]]) -> tuple[UploadFile, dict[str, str]]:
    files = [(name, item) for name, item in items if isinstance(item, UploadFile)]
    fields = [(name, item) for name, item in items if isinstance(item, str)]
    try:
        if not files or files[0][0] != _FILE:
            raise _without_file([name for name, _ in files], [name for name, _ in fields])
        for name, _ in fields:
            if [other for other, _ in fields].count(name) > 1:
                raise DuplicateParameter(f"{name} is given twice", path=(name,), allowed=f"{name} once")
    except InvalidInput:
        for _, file in files:
            file.file.close()
        raise
    return files[0][1], dict(fields)


def _without_file(files: list[str], fields: list[str]) -> MissingFile:
    if _FILE in fields:
        return _without_filename()
    other = f"a file under the name {shortened(files[0])}, and none" if files else "no file"
    return MissingFile(f"the form has {other} under the name file", allowed=_ALLOWED)


def _without_filename() -> MissingFile:
    return MissingFile("the part file has no filename, and so it is a text and no file", allowed=_ALLOWED)


async def _counted(stream: AsyncIterator[bytes], max_bytes: int) -> AsyncGenerator[bytes, None]:
    total = 0
    async for chunk in stream:
        total += len(chunk)
        if total > max_bytes + _OVERHEAD:
            refuse_file(max_bytes)
        yield chunk
