"""Public links: an owner makes them, and whoever has one is given the picture."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from attrs import evolve, frozen

from imgsvc.application.planning import PlannedRendering, PlanRendering
from imgsvc.application.presets import ResolveSpec
from imgsvc.domain.errors import InvalidInput, InvalidSignature
from imgsvc.domain.image import ImageId
from imgsvc.domain.link import Bounds, Link, at_width, split_path
from imgsvc.domain.output import AUTO, Format
from imgsvc.domain.transform import TransformSpec
from imgsvc.domain.user import UserId
from imgsvc.domain.wanted_specs import WantedSpec
from imgsvc.ports.clock import Clock
from imgsvc.ports.images import ImageRepository
from imgsvc.ports.signatures import Signature, Signer

# What the pages of most people ask for; those of a link that is good for any width up to some other.
_USUAL_WIDTHS = (320, 480, 640, 960, 1280, 1600, 1920, 2560, 3840)


@frozen
class Candidate:
    """One picture of a family."""

    path: str  # what follows the signature
    width: int  # pixels, of the picture as it will be


@frozen(kw_only=True)
class SignedLink:
    """What one signature is good for, all in one format."""

    link: Link
    signature: Signature  # of the link's signed path, good for those of the candidates too
    media_type: str | None  # None where the client chooses
    width: int  # pixels
    height: int
    candidates: Sequence[Candidate]  # the narrowest first, each of another width


@frozen
class MakeLinks:
    """Sign public addresses of an image's rendering: one for each format."""

    plan: PlanRendering
    resolve_spec: ResolveSpec
    signer: Signer
    clock: Clock

    def __call__(
        self,
        caller: UserId,
        image_id: ImageId,
        wanted: WantedSpec,
        formats: Sequence[Format] = (),
        bounds: Bounds | None = None,
        lifetime: timedelta | None = None,
        *,
        has_error_pictures: bool = False,
    ) -> list[SignedLink]:
        """In the ``formats``, then in the spec's own, which everybody is expected to show.

        Raises what GetImage does; InvalidInput with the place of a spec that does not fit, or of a preset that there
        is not.
        """
        with wanted.refused_there():
            spec = self.resolve_spec(caller, wanted.given)
            own = self.plan(caller, image_id, spec)
        offered = [*dict.fromkeys(formats), AUTO if own.is_negotiated else own.plan.format]
        expires_at = None if lifetime is None else int((self.clock() + lifetime).timestamp())
        specs = [_in_format(spec, one, formats) for one in dict.fromkeys(offered)]
        link = Link(
            image_id=image_id,
            spec=spec,
            bounds=bounds or Bounds(),
            expires_at=expires_at,
            has_error_pictures=has_error_pictures,
        )
        return [self._signed(caller, evolve(link, spec=one), wanted) for one in specs]

    def _signed(self, caller: UserId, link: Link, wanted: WantedSpec) -> SignedLink:
        with wanted.refused_there():
            planned = self.plan(caller, link.image_id, link.spec)
        return SignedLink(
            link=link,
            signature=self.signer.sign(link.signed_path),
            media_type=None if planned.is_negotiated else planned.plan.format.media_type,
            width=planned.plan.size.width,
            height=planned.plan.size.height,
            candidates=self._candidates(caller, link, wanted),
        )

    def _candidates(self, caller: UserId, link: Link, wanted: WantedSpec) -> list[Candidate]:
        """A browser goes by the widths, so they are those that the pictures will have, each once."""
        most = link.bounds.max_width
        usual = [one for one in (*_USUAL_WIDTHS, most) if most is not None and one is not None and one <= most]
        found: dict[int, Candidate] = {}
        for width in sorted({*link.bounds.widths, *usual}):
            with wanted.refused_there():
                planned = self.plan(caller, link.image_id, at_width(link.spec, width))
            real = planned.plan.size.width
            found.setdefault(real, Candidate(link.path_at(width), real))
        return list(found.values())


def _in_format(spec: TransformSpec, format: Format | Literal["auto"], formats: Sequence[Format]) -> TransformSpec:
    """Raises InvalidInput with the place of a format that does not know what the spec says of its output."""
    try:
        return evolve(spec, output=evolve(spec.output, format=format))
    except InvalidInput as error:
        raise error.moved_to("formats", list(formats).index(Format(format))) from None


@frozen
class FollowedLink:
    planned: PlannedRendering
    expires_at: int | None  # seconds since 1970


@frozen
class FollowLink:
    """Tell which rendering a public address stands for."""

    images: ImageRepository
    plan: PlanRendering
    signer: Signer
    clock: Clock

    def __call__(self, path: bytes, signature: Signature, accepted: frozenset[str] = frozenset()) -> FollowedLink:
        """``path`` is what follows the signature, as it was sent; nothing is looked at before that is verified.

        Raises InvalidSignature, LinkExpired, ImageNotFound, and InvalidInput where the spec does not fit any more.
        """
        signed, width = split_path(path.decode("latin-1"))
        if not self.signer.verify(signed.encode("latin-1"), signature):
            raise InvalidSignature("the signature is not one of ours for this address")
        link = Link.of_signed_path(signed)
        link.must_be_good(self.clock())
        image = self.images.get(link.image_id)
        for overlay in link.spec.overlays:
            self.images.get(ImageId(overlay))  # a stranger can mend no spec: the picture is gone for him
        return FollowedLink(self.plan.of(image, link.at(width), accepted), link.expires_at)
