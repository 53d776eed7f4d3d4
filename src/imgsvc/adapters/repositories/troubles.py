"""What a database's own error means to an operator, in words that hold neither SQL, nor a path, nor a secret."""

import re
import sqlite3

from attrs import frozen

UNREACHABLE = "it cannot be reached"
REFUSING = "it refuses us"
FULL = "it is full"
SLOW = "it is too slow"
FAILING = "it fails"

_NAME = "IMGSVC_DATABASE_URL"


@frozen
class Trouble:
    """``trouble`` is the kind of it, ``detail`` what kind of kind; ``remedy`` mends it."""

    trouble: str
    detail: str
    remedy: str

    @property
    def told(self) -> str:
        """In one sentence."""
        return f"the database is in trouble: {self.trouble} ({self.detail}): {self.remedy}"

    @property
    def is_general(self) -> bool:
        """Whether nothing at all can be done; else reading may still work where writing does not."""
        return self.trouble in (UNREACHABLE, REFUSING)


# By SQLSTATE, where there is one, and by what libpq says of attempts to connect, which have none.
_OF_POSTGRES = (
    (r"57P03|starting up", Trouble(UNREACHABLE, "it is starting up", "wait until it has started")),
    (r"57P0[12]|shutting down|terminat", Trouble(UNREACHABLE, "it was shut down", "start it")),
    (
        r"53300|too many clients|remaining connection slots",
        Trouble(REFUSING, "it takes no more connections", "raise its max_connections, or lower IMGSVC_DATABASE_POOL"),
    ),
    (
        r"28P01|password authentication failed|no password supplied",
        Trouble(REFUSING, "the password is wrong", f"correct user and password in {_NAME}, each percent-encoded"),
    ),
    (
        r"28000|role .* does not exist|no pg_hba.conf entry|not permitted to log in",
        Trouble(REFUSING, "it lets no such user in", f"make the user, allow it in pg_hba.conf, or correct {_NAME}"),
    ),
    (
        r"3D000|database .* does not exist",
        Trouble(REFUSING, "it has no such database", f"make it (CREATE DATABASE), or correct its name in {_NAME}"),
    ),
    (
        r"failed to resolve|could not translate host name",
        Trouble(UNREACHABLE, "its host has no address", f"correct the host in {_NAME}, or the DNS"),
    ),
    (
        r"connection refused|no such file or directory",
        Trouble(UNREACHABLE, "nobody listens there", f"start it, or correct host and port in {_NAME}"),
    ),
    (
        r"timeout expired|timed out|did not answer",
        Trouble(UNREACHABLE, "it does not answer in time", "see whether it hangs, and whether a firewall is between"),
    ),
    (r"SSL|certificate", Trouble(REFUSING, "TLS does not come about", f"correct the ssl... options in {_NAME}")),
    (r"57014|55P03", Trouble(SLOW, "a statement or a lock took too long", "see what loads it, and what holds locks")),
    (r"53100", Trouble(FULL, "no room left", "give it more room")),
    (
        r"42501|permission denied",
        Trouble(REFUSING, "its user may not do that", f"let the user of {_NAME} own the database, or its schema"),
    ),
    (r"25006", Trouble(FAILING, "it is read-only", f"name the primary in {_NAME}, not a replica")),
    (
        r"08\w{3}|closed|lost|reset|broken|invalid response",
        Trouble(UNREACHABLE, "the connection broke", f"see its own log, and that {_NAME} names a Postgres"),
    ),
)
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: Trouble(FULL, "no room left", "make room on its disk"),
    sqlite3.SQLITE_BUSY: Trouble(SLOW, "others hold its lock", "see which other process works on the same file"),
    sqlite3.SQLITE_LOCKED: Trouble(SLOW, "others hold its lock", "see which other process works on the same file"),
    sqlite3.SQLITE_READONLY: Trouble(FAILING, "it is read-only", "let this user write the file and its folder"),
    sqlite3.SQLITE_CANTOPEN: Trouble(FAILING, "the file cannot be opened", "see that the file's folder can be used"),
    sqlite3.SQLITE_IOERR: Trouble(FAILING, "its disk fails", "see the system's log about the disk"),
    sqlite3.SQLITE_CORRUPT: Trouble(FAILING, "it is damaged", "restore it from a backup"),
    sqlite3.SQLITE_NOTADB: Trouble(FAILING, "the file is no database", f"restore it, or correct {_NAME}"),
}


def trouble_of(error: BaseException) -> Trouble:
    """Of a driver's error."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        # The high bits say more than anybody asks for.
        return _OF_SQLITE.get(code & 0xFF, Trouble(FAILING, f"SQLite's code {code}", "see the system's log"))
    told = f"{getattr(error, 'sqlstate', None) or ''} {error}"
    for pattern, trouble in _OF_POSTGRES:
        if re.search(pattern, told, re.IGNORECASE):
            return trouble
    detail = getattr(error, "sqlstate", None) or type(error).__name__
    return Trouble(FAILING, detail, "see the database's own log")
