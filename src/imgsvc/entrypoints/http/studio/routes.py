"""The studio: the service's own web page, which uses the API as any client does.

It is HTML, CSS and ES modules in the folder ``page``, sent as they lie there.
"""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_HEADERS = {
    "Cache-Control": "no-cache",  # asked for again with its ETag: after an upgrade no old module meets a new one
    "X-Content-Type-Options": "nosniff",
}


def studio_routes(*, redirects: bool) -> list[BaseRoute]:
    """``/`` and the files of its page; ``redirects`` where originals are fetched from a storage elsewhere."""
    page = files(__package__).joinpath("page", "index.html").read_text()
    headers = {**_HEADERS, "Content-Security-Policy": _policy(redirects), "Referrer-Policy": "no-referrer"}

    def show(_: Request) -> Response:
        return HTMLResponse(page, headers=headers)

    return [Route("/", show), Mount("/studio", _Files(packages=[(__package__, "page")]))]


def _policy(redirects: bool) -> str:
    """Scripts are files of ours, and none makes elements of text; pictures are of ours, or fetched by a script."""
    storage = " https: http:" if redirects else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'{storage}; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers.update(_HEADERS)
        return answer
