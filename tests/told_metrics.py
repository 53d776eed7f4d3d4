"""Metrics as Prometheus reads them."""

import re

import httpx
from attrs import frozen
from prometheus_client.parser import text_string_to_metric_families


@frozen
class Metrics:
    """The samples of one scrape, by their names and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def read(cls, text: str) -> "Metrics":
        families = text_string_to_metric_families(text)
        samples = [sample for family in families for sample in family.samples]
        return cls({(one.name, frozenset(one.labels.items())): one.value for one in samples})

    def __call__(self, name: str, **labels: str) -> float:
        """0 for what is not there yet."""
        return self.samples.get((f"imgsvc_{name}", frozenset(labels.items())), 0)

    @property
    def routes(self) -> set[tuple[str, str, str]]:
        """What requests were counted by: route, method and class of the status."""
        named = [dict(labels) for name, labels in self.samples if name.endswith("http_request_duration_seconds_count")]
        return {(labels["route"], labels["method"], labels["status"]) for labels in named}


def address_in(log: str) -> str:
    """Where the process that wrote the log tells its metrics."""
    found = re.search(r"metrics are told at (http://[^\s\"]+)", log)
    assert found, log
    return found[1]


def scraped(address: str) -> Metrics:
    answer = httpx.get(address, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return Metrics.read(answer.text)
