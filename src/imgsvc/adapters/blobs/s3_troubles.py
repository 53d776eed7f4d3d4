"""What it means to an operator that a server of objects cannot be reached."""

from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as UrllibTimeoutError

_URL = "IMGSVC_BLOBS_URL"


def unreachable(error: HTTPError) -> tuple[str, str]:
    """What is found, and the remedy. Of the library's own words none are shown: there may be a URL in them."""
    match error:
        case NameResolutionError():
            return "its host has no address", f"correct the host in {_URL}, or the DNS"
        case NewConnectionError():
            return "nobody listens there", f"start it, or correct host and port in {_URL}"
        case ConnectTimeoutError() | UrllibTimeoutError():
            return "it does not answer in time", "see whether it hangs, and whether a firewall is between"
        case SSLError():
            return "TLS does not come about", f"correct the certificate, SSL_CERT_FILE, or ?secure= in {_URL}"
    return f"the connection broke ({type(error).__name__})", f"see its own log, and ?secure= in {_URL}"
