"""What is told of the things that we depend on, by how they answered."""

from collections.abc import Mapping, Sequence

from imgsvc.domain.errors import ImgsvcError
from imgsvc.ports.diagnosis import Finding, Subject

_REMEDY = "run imgsvc doctor, which tells more"
# What becomes of the work meanwhile, where it can go on.
_GETS_ALONG = {
    "jobs": "jobs are kept in the database, and wait",
    "cache": "what it would have had is fetched or made anew",
}


def health_findings(answers: Mapping[str, Exception | None]) -> Sequence[Finding]:
    """An error is what nothing can be done without, a warning what the service gets along without."""
    return [_found(name, answer) for name, answer in answers.items()]


def _found(name: str, answer: Exception | None) -> Finding:
    subject = Subject(name)
    if answer is None:
        return subject.ok("it answers")
    match answer:
        case ImgsvcError():
            found = answer.detail
        case TimeoutError():
            found = f"the check of {name} takes too long"
        case _:
            found = f"the check of {name} fails"
    if name in _GETS_ALONG:
        return subject.warning(f"{found}: {_GETS_ALONG[name]}", _REMEDY)
    return subject.error(found, _REMEDY)
