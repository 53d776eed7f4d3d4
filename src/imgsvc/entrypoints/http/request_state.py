"""What the socket notes in the state of a request for whoever answers it."""

HAS_ENDED = "imgsvc.has_ended"  # the client sends no more; he may want the answer still, or be gone
