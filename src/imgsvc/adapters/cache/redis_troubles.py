"""What a Redis's failures mean to an operator."""

from socket import gaierror

from redis.exceptions import AuthenticationError, ConnectionError, RedisError, TimeoutError

from imgsvc.domain.wording import cut

_URL = "IMGSVC_CACHE_URL"


def trouble_of(error: RedisError) -> tuple[str, str]:
    """What is found, and the remedy."""
    # The library puts the system's error into words of its own.
    match error.__cause__ or error.__context__:
        case gaierror():
            return "its host has no address", f"correct the host in {_URL}, or the DNS"
        case ConnectionRefusedError():
            return "nobody listens there", f"start it, or correct host and port in {_URL}"
    match error:
        case AuthenticationError():
            return "it refuses our user or password", f"correct both in {_URL}, each percent-encoded"
        case TimeoutError():
            return "it does not answer in time", "see whether it hangs, and whether a firewall is between"
        case ConnectionError():
            return f"the connection broke ({type(error).__name__})", f"see its own log, and rediss: or redis: in {_URL}"
        case _:
            return cut(str(error)), f"correct the database's number or the user's rights; see {_URL}"
