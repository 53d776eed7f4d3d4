"""``imgsvc doctor``, and what it found."""

import json
from datetime import datetime, timedelta

import pytest
from attrs import frozen

from imgsvc.ports.diagnosis import Finding
from tests.entrypoints.commands import run

SECRET = "open-sesame-open-sesame-open-sesame"


class TwoMinutesAhead(datetime):
    """The clock of a machine that nobody sets."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(minutes=2)


@frozen
class Examined:
    """What came of one run."""

    exit_code: int
    findings: list[Finding]

    def of(self, dependency, level=None):
        """The findings of one dependency, as its sentence and its remedy."""
        mine = [one for one in self.findings if one.dependency == dependency]
        return [f"{one.found} | {one.remedy}" for one in mine if level is None or one.level == level]

    def told(self, dependency, level):
        """The only one of that level."""
        (only,) = self.of(dependency, level)
        return only


@pytest.fixture
def examine(tmp_path):
    """Run it with settings, of which none may be shown that holds the secret."""

    def examined(**variables):
        # Without children, which take longer to start than all else.
        result = run("doctor", "--json", **{"DATA_DIR": str(tmp_path), "RENDER_IN": "process", **variables})
        assert SECRET not in result.output
        document = json.loads(result.stdout)
        return Examined(result.exit_code, [Finding(**one) for one in document["findings"]])

    return examined
