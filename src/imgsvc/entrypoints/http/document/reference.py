"""The API document as a page that needs nothing from elsewhere, and as a collection for programs that try APIs."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from imgsvc.entrypoints.http.document.collection import collection

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>imgsvc: the API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="icon" href="docs/assets/favicon-32x32.png">
<body style="margin: 0">
<div id="swagger-ui"></div>
<noscript>This page is drawn by a script; <a href="openapi.json">the document itself</a> needs none.</noscript>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null,
});
"""
_HEADERS = {
    # Swagger UI writes styles into elements, and shows its own pictures and the ones it was answered with.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def reference_routes(document: Mapping[str, Any]) -> list[BaseRoute]:
    """``/openapi.json``, ``/docs`` and ``/docs/collection.json``, of an OpenAPI document."""
    as_text = json.dumps(document, ensure_ascii=False)
    as_collection = json.dumps(collection(document), ensure_ascii=False, indent=2) + "\n"
    return [
        Route("/openapi.json", lambda _: Response(as_text, media_type="application/json")),
        Route("/docs", _page),
        Route("/docs/start.js", lambda _: Response(_START, media_type="text/javascript", headers=_HEADERS)),
        Route("/docs/collection.json", lambda _: Response(as_collection, media_type="application/json")),
        Mount("/docs/assets", StaticFiles(packages=[("swagger_ui", "static")])),
    ]


def _page(_: Request) -> Response:
    return HTMLResponse(_PAGE, headers=_HEADERS)
