"""A service with parts that fail, wait or count, and how its jobs stand."""

from attrs import define, evolve, field

from imgsvc.ports.pages import PageRequest
from tests.application.adapters import WatchedEngine


def with_engine(service, before):
    """The service whose engine does what ``before`` says first, whenever a job is made."""
    make_variant = service.use_cases.make_variant
    watched = evolve(make_variant, engine=WatchedEngine(make_variant.engine, before))
    return evolve(service, use_cases=evolve(service.use_cases, make_variant=watched))


def with_use_case(service, **changes):
    return evolve(service, use_cases=evolve(service.use_cases, **changes))


@define(eq=False)
class Recorded:
    """A use case that counts its calls, and does what ``before`` says first."""

    use_case: object
    before: object = field(default=lambda: None)
    calls: list = field(factory=list)

    def __call__(self, *arguments):
        self.calls.append(arguments)
        self.before()
        return self.use_case(*arguments)


def statuses(service, owner):
    return {str(job.status) for job in service.use_cases.list_jobs(owner, PageRequest(limit=100)).items}


def attempts(service, job):
    return service.use_cases.get_variant(job.owner, job.id).attempts
