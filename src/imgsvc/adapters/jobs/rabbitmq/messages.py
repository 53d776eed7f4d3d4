"""What travels through the broker: the id of a variant, and the id of the request that asked for it."""

import json
from uuid import UUID

from attrs import frozen

from imgsvc.domain.variant import VariantId

MEDIA_TYPE = "application/json"
_MOST_BYTES = 1000
_MOST_CHARACTERS = 200  # of a request's id


@frozen
class Message:
    variant_id: VariantId
    request_id: str | None

    def encoded(self) -> bytes:
        return json.dumps({"variant_id": str(self.variant_id), "request_id": self.request_id}).encode()

    @classmethod
    def decoded(cls, body: bytes) -> "Message":
        """Raises ValueError for what we have not written."""
        if len(body) > _MOST_BYTES:
            raise ValueError("it is too long")
        match json.loads(body):
            case {"variant_id": str(variant_id), "request_id": None | str() as request_id, **others} if not others:
                if request_id is not None and len(request_id) > _MOST_CHARACTERS:
                    raise ValueError("its request_id is too long")
                return cls(VariantId(UUID(variant_id)), request_id)
        raise ValueError("it is not an object of variant_id and request_id")
