"""The composition root: the only place that knows which technology keeps which promise."""

from imgsvc.entrypoints.composition.clock import utc_now
from imgsvc.entrypoints.composition.engines import compose_engine, compose_header_reader
from imgsvc.entrypoints.composition.examinations import examinations
from imgsvc.entrypoints.composition.service import Service, compose
from imgsvc.entrypoints.composition.upkeep import adopt_storage, migrate_database

__all__ = [
    "Service",
    "adopt_storage",
    "compose",
    "compose_engine",
    "compose_header_reader",
    "examinations",
    "migrate_database",
    "utc_now",
]
