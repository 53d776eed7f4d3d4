"""TransformSpec: what to do with a picture, as one canonical, hashable value."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NewType
from uuid import UUID

from attrs import evolve, field, frozen

from imgsvc.domain.errors import ConflictingParameters, TooManyOperations
from imgsvc.domain.operations import Adjust, AutoOrient, Operation, Resize, Watermark, changes_nothing, merged
from imgsvc.domain.output import AUTO as AUTO
from imgsvc.domain.output import Format as Format
from imgsvc.domain.output import Output as Output
from imgsvc.domain.plain_data import canonical

MAX_STEPS = 20
MAX_WATERMARKS = 4

SpecId = NewType("SpecId", str)


def _canonical_steps(given: Iterable[Operation]) -> tuple[Operation, ...]:
    steps = tuple(given)
    _check_counts(steps)
    orientation = {step for step in steps if isinstance(step, AutoOrient)}
    if len(orientation) > 1:
        raise ConflictingParameters("auto_orient is both on and off", path=("steps",))
    rest = [step for step in steps if not isinstance(step, AutoOrient)]
    first = [step for step in orientation if not changes_nothing(step)]
    return (*first, *_merged_adjustments(step for step in rest if not changes_nothing(step)))


def _check_counts(steps: Sequence[Operation]) -> None:
    if len(steps) > MAX_STEPS:
        allowed = f"at most {MAX_STEPS} steps"
        raise TooManyOperations(f"{len(steps)} steps are too many", path=("steps",), value=len(steps), allowed=allowed)
    watermarks = sum(isinstance(step, Watermark) for step in steps)
    if watermarks > MAX_WATERMARKS:
        allowed = f"at most {MAX_WATERMARKS} watermarks"
        raise TooManyOperations(
            f"{watermarks} watermarks are too many", path=("steps",), value=watermarks, allowed=allowed
        )


def _merged_adjustments(steps: Iterable[Operation]) -> list[Operation]:
    done: list[Operation] = []
    for step in steps:
        together = (
            merged(done[-1], step) if done and isinstance(step, Adjust) and isinstance(done[-1], Adjust) else None
        )
        if together is not None:
            done[-1] = together
        else:
            done.append(step)
    return done


@frozen
class TransformSpec:
    """Steps in the caller's order, then one output; equal specs have equal ids.

    Steps that change nothing are dropped, and adjustments that follow each other are one where the order allows it.
    """

    steps: tuple[Operation, ...] = field(default=(), converter=_canonical_steps)
    output: Output = Output()

    @cached_property
    def canonical_json(self) -> str:
        """The same text for equal specs: sorted keys, no white space, defaults left out."""
        return json.dumps(canonical(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @cached_property
    def id(self) -> SpecId:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return SpecId(hashlib.sha256(self.canonical_json.encode()).hexdigest())

    @property
    def last_resize(self) -> Resize | None:
        return next((step for step in reversed(self.steps) if isinstance(step, Resize)), None)

    @property
    def auto_orients(self) -> bool:
        return AutoOrient(enabled=False) not in self.steps

    @property
    def overlays(self) -> dict[UUID, int]:
        """The images that watermarks name, and the first step that does."""
        named = [(step.image, index) for index, step in enumerate(self.steps) if isinstance(step, Watermark)]
        return {image: index for image, index in reversed(named) if image is not None}


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


@frozen
class SpecChanges:
    """A spec as it was given, to be done after another one: only the output options that were named replace its own."""

    spec: TransformSpec = TransformSpec()
    named: tuple[str, ...] = field(default=(), converter=_in_order)

    def after(self, first: TransformSpec) -> TransformSpec:
        """Raises InvalidInput where the two together are no spec."""
        options = {name: getattr(self.spec.output, name) for name in self.named}
        return TransformSpec((*first.steps, *self.spec.steps), evolve(first.output, **options))
