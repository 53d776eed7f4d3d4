"""Bodies that requests might have, for the API document: by the class that they are read as."""

from collections.abc import Mapping
from typing import Any

from imgsvc.domain import examples
from imgsvc.domain.plain_data import canonical
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.wanted_specs import OneOrSeveral
from imgsvc.domain.webhook import WebhookChanges
from imgsvc.entrypoints.http.endpoints.accounts import AccountDeletion, Registration
from imgsvc.entrypoints.http.endpoints.api_keys import ApiKeyRequest
from imgsvc.entrypoints.http.endpoints.links import LinkRequest
from imgsvc.entrypoints.http.endpoints.sessions import Login, PasswordChange, Refresh
from imgsvc.entrypoints.http.endpoints.webhooks import WebhookRequest

_ACCOUNT = {"username": "ada", "password": "correct horse battery"}

_SPECS = {
    "a thumbnail": {"steps": [{"op": "resize", "width": 300, "height": 200, "fit": "cover"}]},
    "by names, in a fixed order": {"resize": {"width": 300}, "grayscale": True},
    "in compact form": {"t": "rs:cover:300:200,gray,f:webp"},
    **{name: canonical(several[0].spec) for name, several in examples.EXAMPLES.items()},
}

EXAMPLES: Mapping[object, Mapping[str, Any]] = {
    Registration: {"an account": _ACCOUNT, "with an address": {**_ACCOUNT, "email": "ada@example.org"}},
    Login: {"an account": _ACCOUNT},
    Refresh: {"the token of a login": {"refresh_token": "imgsvcrt_..."}},
    ApiKeyRequest: {"a key for a program that uploads": {"name": "uploader", "scopes": ["read", "write"]}},
    AccountDeletion: {"the current password": {"password": _ACCOUNT["password"]}},
    PasswordChange: {
        "both passwords": {"current_password": _ACCOUNT["password"], "new_password": "another horse battery"}
    },
    WebhookRequest: {
        "every job": {"url": "https://example.org/imgsvc"},
        "failures alone": {"url": "https://example.org/imgsvc", "events": ["variant.failed"]},
    },
    WebhookChanges: {"enable it again": {"enabled": True}, "elsewhere": {"url": "https://example.org/another"}},
    LinkRequest: {
        "four widths, for a web page": {
            "spec": "rs:cover:800:450",
            "widths": [400, 800, 1200, 1600],
            "formats": ["webp"],
            "expires_in": 86400,
        },
        "by names": {"spec": {"resize": {"width": 300}, "grayscale": True}},
        "a preset": {"preset": "card"},
    },
    TransformSpec: _SPECS,
    OneOrSeveral: {**_SPECS, "several at once": {"specs": ["rs:cover:300:200,f:webp", {"resize": {"width": 800}}]}},
}


def of_body(kind: object) -> Mapping[str, Any]:
    """As the document has them; there may be none."""
    return {name: {"value": value} for name, value in EXAMPLES.get(kind, {}).items()}
