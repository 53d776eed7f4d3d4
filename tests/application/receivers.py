"""Receivers of messages, and what they answer."""

from attrs import define, field

from imgsvc.domain.delivery import Attempt

TAKEN, REFUSED, GONE = (
    Attempt(204),
    Attempt(500, "the receiver answered 500"),
    Attempt(410, "the receiver answered 410"),
)


@define
class Receivers:
    """A sender whose messages come to this, the last of the answers for ever."""

    answers: list[Attempt] = field(factory=lambda: [TAKEN])
    refused: Exception | None = None
    got: list[str] = field(factory=list)

    def check(self, url):
        if self.refused is not None:
            raise self.refused

    def send(self, due):
        self.got.append(str(due.delivery.id))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
