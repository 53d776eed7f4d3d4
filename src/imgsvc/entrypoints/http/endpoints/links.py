"""Public links: made by an owner, followed by anybody."""

from datetime import UTC, datetime, timedelta
from html import escape
from math import inf
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional
from starlette.requests import Request
from starlette.responses import Response

from imgsvc.application.links import SignedLink
from imgsvc.application.rates import Payer
from imgsvc.domain.errors import (
    ConflictingParameters,
    ImageErased,
    ImageNotFound,
    InvalidInput,
    InvalidSignature,
    LinkExpired,
    RenderingTimedOut,
    TooManyJobs,
    UseAsync,
)
from imgsvc.domain.field_rules import characters, legible, matches, within
from imgsvc.domain.image import ImageId
from imgsvc.domain.link import Bounds
from imgsvc.domain.notation import MAX_LENGTH
from imgsvc.domain.output import Format
from imgsvc.domain.plain_data import plain
from imgsvc.domain.preset import PresetName
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import User
from imgsvc.domain.wanted_specs import AnySpec, WantedSpec, read_any
from imgsvc.entrypoints.composition import Service
from imgsvc.entrypoints.http import link_address
from imgsvc.entrypoints.http.bodies import WANTED_FAILURES, read_wanted
from imgsvc.entrypoints.http.endpoint import endpoint
from imgsvc.entrypoints.http.endpoints.images import RENDER_FAILURES, SPEC_FAILURES
from imgsvc.entrypoints.http.error_pictures import ErrorForm
from imgsvc.entrypoints.http.image_responses import ALSO_OF_PICTURES, Picture, accepted_types
from imgsvc.entrypoints.http.invalidated_cache import LIFE
from imgsvc.entrypoints.http.renderings import PendingView, answer_later, answer_rendering
from imgsvc.entrypoints.http.threads import Pool

_YEAR = 31536000  # seconds; caches need not keep anything longer
_TEN_YEARS = 10 * _YEAR
_SIZES = r"[\w\s.,:%()<>=*/+-]{1,1000}"


@frozen(kw_only=True)
class LinkRequest:
    """What the link shows: `spec`, in any shape, or in compact form also as `t`, or `preset`; in the format it names.

    With none of them, or null, it is the empty spec: a rendering of the picture as it is. A preset is what it is when
    the link is made: the link goes on to show that.

    One signature is good for each of `widths`, or for any width up to `max_width`: then the addresses differ in the
    width alone, which stands before the extension as `-640w`. `formats` are offered to browsers before the spec's own,
    the best first. With `error` as `image`, who follows it in vain is told why by a small picture, and not by a
    problem document. `sizes` and `alt` are for the HTML.
    """

    spec: AnySpec | None = None
    preset: PresetName | None = None
    t: str | None = field(default=None, validator=optional(characters(0, MAX_LENGTH)))
    widths: tuple[int, ...] = ()
    max_width: int | None = None
    formats: tuple[Format, ...] = ()
    expires_in: int | None = field(
        default=None, validator=optional(within(1, _TEN_YEARS))
    )  # seconds; never, unless set
    error: ErrorForm = ErrorForm.PROBLEM
    sizes: str = field(default="100vw", validator=matches(_SIZES, "what HTML allows as sizes"))
    alt: str = field(default="", validator=legible(0, 1000))

    def __attrs_post_init__(self) -> None:
        if self.t is not None and (self.spec, self.preset) != (None, None):
            detail = "t is said beside spec or preset, of which there can be one"
            raise ConflictingParameters(detail, path=("t",), value=self.t, allowed="one of them")
        if len(self.formats) > len(Format):
            raise InvalidInput("there are too many formats", path=("formats",), allowed="each format once")

    @property
    def bounds(self) -> Bounds:
        """Raises InvalidInput."""
        return Bounds(widths=self.widths, max_width=self.max_width)

    @property
    def wanted(self) -> WantedSpec:
        """The empty spec, where nothing is said, which renders the picture as it is. Raises InvalidInput."""
        if self.t is not None:
            return read_any({"t": self.t})
        return read_wanted(self.spec, self.preset) or WantedSpec(TransformSpec())


@frozen(kw_only=True)
class LinkSourceView:
    media_type: str | None  # none where the client chooses
    url: str
    srcset: str  # of several widths; empty where there is one
    width: int  # pixels, of what the url shows
    height: int

    @classmethod
    def of(cls, signed: SignedLink, public_url: str) -> "LinkSourceView":
        def url(path: str) -> str:
            return public_url + link_address.printed(signed.signature, path)

        return cls(
            media_type=signed.media_type,
            url=url(signed.link.signed_path),
            srcset=", ".join(f"{url(one.path)} {one.width}w" for one in signed.candidates),
            width=signed.width,
            height=signed.height,
        )


@frozen(kw_only=True)
class LinkView:
    url: str
    srcset: str  # for an `<img>`; empty where there is one width
    sources: tuple[LinkSourceView, ...]  # one for each format, the one that everybody shows at the end
    html: str  # a `<picture>` of all of them
    expires_at: datetime | None


@endpoint(
    "POST",
    "/v1/images/{image_id}/links",
    tag="links",
    status=201,
    raises=(ImageNotFound, ImageErased, *WANTED_FAILURES, *SPEC_FAILURES),
)
def make_links(service: Service, caller: User, image_id: UUID, body: LinkRequest) -> LinkView:
    """Sign public addresses of a rendering, for web pages and caches: nobody needs a token to follow them.

    A link is good until it expires, its image is deleted, or the key that signed it is taken away.
    """
    lifetime = None if body.expires_in is None else timedelta(seconds=body.expires_in)
    signed = service.use_cases.make_links(
        caller.id,
        ImageId(image_id),
        body.wanted,
        body.formats,
        body.bounds,
        lifetime,
        has_error_pictures=body.error is ErrorForm.IMAGE,
    )
    sources = tuple(LinkSourceView.of(one, service.settings.public_url) for one in signed)
    expires_at = signed[-1].link.expires_at
    return LinkView(
        url=sources[-1].url,
        srcset=sources[-1].srcset,
        sources=sources,
        html=_html(sources, body),
        expires_at=None if expires_at is None else datetime.fromtimestamp(expires_at, UTC),
    )


@endpoint(
    "GET",
    link_address.PATTERN,
    tag="links",
    also={status: meaning for status, meaning in ALSO_OF_PICTURES.items() if status != 307}
    | {202: "It takes too long to wait for, and is made meanwhile: ask again after Retry-After"},
    raises=(InvalidSignature, LinkExpired, ImageNotFound, InvalidInput, TooManyJobs, *RENDER_FAILURES),
    is_picture=True,
    pool=Pool.RENDERING,
)
def follow_link(service: Service, request: Request) -> Response:
    """The picture of a public link, which anybody may keep for as long as the link is good."""
    # What was sent, byte for byte, since that is what is signed: no other spelling, no query, no further slash.
    signature, signed = link_address.parsed(request.scope["raw_path"])
    if request.scope["query_string"]:
        raise InvalidSignature("the address is not as it was signed")
    followed = service.use_cases.follow_link(signed, signature, accepted_types(request))
    left = inf if followed.expires_at is None else followed.expires_at - datetime.now(UTC).timestamp()
    # What is remembered is told for some seconds, and no cache may keep it for longer than the link is good.
    max_age = int(max(0, min(_YEAR, left - LIFE)))
    headers = {
        "Cache-Control": f"public, max-age={max_age}, immutable",
        "Content-Disposition": "inline",  # what the file was called is its owner's affair
        "Cross-Origin-Resource-Policy": "cross-origin",  # pages elsewhere may show it
    }
    planned = followed.planned
    payer = Payer(planned.image.owner, is_stranger=True)
    try:
        answer = answer_rendering(service.use_cases, planned, payer, request, headers)
    except (UseAsync, RenderingTimedOut):
        job = service.use_cases.queue_rendering(planned, payer)
        return answer_later(request, plain(PendingView(status=job.status)))
    if isinstance(answer, Picture):
        answer.good_for = left
    return answer


def _html(sources: tuple[LinkSourceView, ...], request: LinkRequest) -> str:
    *better, last = sources
    sizes = {"sizes": request.sizes} if last.srcset else {}
    lines = [_tag("source", type=one.media_type, srcset=one.srcset or one.url, **sizes) for one in better]
    srcset = {"srcset": last.srcset} if last.srcset else {}
    size = {"width": str(last.width), "height": str(last.height)}
    image = _tag("img", src=last.url, **srcset, **sizes, **size, alt=request.alt, loading="lazy", decoding="async")
    return "".join(["<picture>", *lines, image, "</picture>"])


def _tag(name: str, **attributes: str | None) -> str:
    return f"<{name} " + " ".join(f'{key}="{escape(value or "")}"' for key, value in attributes.items()) + ">"


ENDPOINTS = (make_links, follow_link)
