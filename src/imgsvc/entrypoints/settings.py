"""Every setting: its name, default and meaning; read from the variable ``IMGSVC_<NAME>``, or from a TOML file."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import typed_settings as ts
from attrs import Attribute, AttrsInstance, evolve, field, fields, frozen
from attrs.validators import optional
from typed_settings.exceptions import InvalidSettingsError
from typed_settings.types import LoadedSettings, LoaderMeta

from imgsvc.domain.errors import InvalidInput
from imgsvc.domain.field_rules import matches, within
from imgsvc.domain.plan import Limits
from imgsvc.domain.wording import nearest, shortened

PREFIX = "IMGSVC_"
CONFIG_FILE_VARIABLE = "IMGSVC_CONFIG_FILE"
_OURS_ELSEWHERE = "IMGSVC_TEST_"  # what the test suite is told about its servers

_LIMITS = Limits()


class SettingsError(Exception):
    """The service cannot start like this; the message names the setting, never its value."""


def _setting(default: Any, help: str, validator: Any = None) -> Any:
    return field(default=default, validator=validator, metadata={"help": help})


def _url(default: str, help: str) -> Any:
    return field(default=default, repr=False, metadata={"help": help})  # there may be a password in it


def _secret(help: str) -> Any:
    return field(default=None, validator=optional(_long_enough), repr=False, metadata={"help": help, "secret": True})


def _long_enough(instance: object, attribute: "Attribute[Any]", value: str) -> None:
    if len(value.encode()) < 32:
        raise InvalidInput(f"{attribute.name} must have at least 32 bytes", path=(attribute.name,))


def _one_of(*names: str) -> Any:
    return matches("|".join(names), "one of " + ", ".join(names))


@frozen(kw_only=True)
class Settings:
    """How one installation runs; without any, everything is embedded and kept in the data folder."""

    data_dir: Path = field(
        default=Path("data"),
        converter=Path,
        metadata={"help": "folder of the embedded database, blobs and secrets; made if missing"},
    )
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(8000, "port to listen on; 0 takes any free one", within(0, 65535))
    database_url: str = _url(
        "", "sqlite:///file, or postgresql+psycopg://user:password@host/name; empty: a file in the data folder"
    )
    database_pool: int = _setting(10, "most connections to a database's server, from each process", within(1, 1000))
    blobs_url: str = _url(
        "",
        "file:///folder, s3://key:secret@host/bucket?region=R, or memory:; empty: a folder in the data folder",
    )
    jobs_url: str = _url("memory:", "memory:, or amqp://user:password@host/vhost?queue=NAME&heartbeat=SECONDS; amqps:")
    cache_url: str = _url(
        "memory:?max_bytes=67108864",
        "memory:?max_bytes=N, or redis://user:password@host/0?max_bytes=N&max_value=N&ttl=S",
    )
    engine: str = _setting("auto", "auto, pillow or vips")
    token_secret: str | None = _secret("signs access tokens; empty: made once and kept in the data folder")
    password_secret: str | None = _secret("keys the hashes of passwords; empty: made once and kept in the data folder")
    token_lifetime_seconds: int = _setting(3600, "how long an access token is good", within(60, 86400 * 30))
    password_cost: int = _setting(12, "bcrypt's cost: each step doubles the time of a login", within(4, 16))
    worker_slots: int = _setting(os.cpu_count() or 1, "jobs made at once by the server; 0: none", within(0, 256))
    render_slots: int = _setting(os.cpu_count() or 1, "pictures decoded or rendered at once", within(1, 256))
    render_queue: int = _setting(32, "requests that may wait for a render slot, before 503", within(0, 10000))
    render_in: str = _setting(
        "auto",
        "children: processes that can be killed and hold no secrets; process: this one; "
        "auto: children in imgsvc serve, process elsewhere",
        _one_of("auto", "children", "process"),
    )
    sync_seconds: int = _setting(
        10, "how long a child may work on a picture while somebody waits; it is killed then", within(1, 86400)
    )
    job_seconds: int = _setting(120, "how long a child may work on a job; it is killed then", within(1, 86400))
    render_memory: int = _setting(2**30, "bytes of memory that a child may have", within(2**28, 2**50))
    http_threads: int = _setting(32, "requests worked on at once, besides renderings and logins", within(1, 1000))
    sync_megapixels: float = _setting(
        150.0, "what is rendered while somebody waits: megapixels read and written by all steps", within(0, 100000)
    )
    strict_types: bool = _setting(False, "refuse uploads whose Content-Type says another picture than their bytes do")
    max_bytes: int = _setting(_LIMITS.max_bytes, "size of an upload", within(1, 2**40))
    max_side: int = _setting(_LIMITS.max_side, "pixels of a side of an upload", within(1, 65535))
    max_pixels: int = _setting(_LIMITS.max_pixels, "pixels of an upload, all frames together", within(1, 2**40))
    max_frames: int = _setting(_LIMITS.max_frames, "frames of an upload", within(1, 2**20))
    max_output_side: int = _setting(_LIMITS.max_output_side, "pixels of a side of a rendering", within(1, 65535))
    max_output_pixels: int = _setting(_LIMITS.max_output_pixels, "pixels of a rendering", within(1, 2**40))
    orphan_grace_seconds: int = _setting(
        3600, "age at which a blob without a row is removed; longer than any upload takes", within(300, 2**31)
    )
    log_level: str = _setting("info", "debug, info, warning or error", _one_of("debug", "info", "warning", "error"))
    log_format: str = _setting(
        "auto", "json, console, or auto: console on a terminal", _one_of("auto", "json", "console")
    )

    @property
    def limits(self) -> Limits:
        return Limits(**{one.name: getattr(self, one.name) for one in fields(Limits)})

    @property
    def token_lifetime(self) -> timedelta:
        return timedelta(seconds=self.token_lifetime_seconds)

    def resolved(self) -> "Settings":
        """With the embedded URLs filled in, below the data folder."""
        folder = self.data_dir.absolute()
        return evolve(
            self,
            data_dir=folder,
            database_url=self.database_url or f"sqlite:///{quote(str(folder / 'imgsvc.sqlite3'))}",
            blobs_url=self.blobs_url or folder.as_uri(),
        )


def load_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process: variables over the file that ``IMGSVC_CONFIG_FILE`` names, over defaults.

    An empty value is one that is not given. Raises SettingsError for an unknown name, a value that does not fit, or
    a file that cannot be read.
    """
    path = environment.get(CONFIG_FILE_VARIABLE)
    return _loaded((_of_file(Path(path)) if path else {}) | _of_variables(environment))


def _of_variables(environment: Mapping[str, str]) -> dict[str, str]:
    ours = {
        name.removeprefix(PREFIX): text
        for name, text in environment.items()
        if name.startswith(PREFIX) and name != CONFIG_FILE_VARIABLE and not name.startswith(_OURS_ELSEWHERE)
    }
    for name in ours:
        if name.lower() not in _names() or name != name.upper():
            meant = nearest(name, _names())
            hint = f"; did you mean {PREFIX}{meant.upper()}?" if meant else ""
            raise SettingsError(f"unknown variable {PREFIX}{name}{hint}")
    return {name.lower(): text for name, text in ours.items() if text != ""}


def _of_file(path: Path) -> dict[str, str]:
    document = _toml(path)
    for name, value in document.items():
        if name != "imgsvc" or not isinstance(value, dict):
            raise SettingsError(f"unknown key {shortened(name)} in {path}; settings stand in the table [imgsvc]")
    given = document.get("imgsvc", {}).items()
    return {name: _text_of(name, value, path) for name, value in given if value != ""}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{CONFIG_FILE_VARIABLE} names {path}, which cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not a TOML file: it is not in UTF-8") from None
    except ValueError as error:  # of TOML's syntax, with the line and column
        raise SettingsError(f"{path} is not a TOML file: {error}") from None


def _text_of(name: str, value: object, path: Path) -> str:
    """As a variable would have it, so that both are read by the same rules."""
    if name not in _names():
        meant = nearest(name, _names())
        hint = f"; did you mean {meant}?" if meant else ""
        raise SettingsError(f"unknown setting {shortened(name)} in {path}{hint}")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise SettingsError(f"{name} in {path} must be text or a number")
    return str(value)


def _fields() -> tuple["Attribute[Any]", ...]:
    return fields(Settings)


def _names() -> list[str]:
    return [one.name for one in _fields()]


@frozen
class _Given:
    """A loader of typed-settings for values that were read before."""

    texts: Mapping[str, str]

    def __call__(self, settings_cls: type[AttrsInstance], options: Any) -> Any:
        return LoadedSettings(dict(self.texts), LoaderMeta("settings"))


def _loaded(texts: Mapping[str, str]) -> Settings:
    for name, text in texts.items():
        if "\0" in text or not _is_unicode(text):
            raise SettingsError(f"{PREFIX}{name.upper()} is not text in UTF-8")
    try:
        return ts.load_settings(Settings, [_Given(texts)])
    except InvalidSettingsError as error:
        raise SettingsError("; ".join(_without_value(one) for one in error.exceptions)) from None


def _is_unicode(text: str) -> bool:
    """Without the halves of surrogate pairs that Python makes of undecodable bytes."""
    return text == text.encode(errors="ignore").decode()


def _without_value(error: Exception) -> str:
    """What typed-settings says of a value, without the value, which may be a secret."""
    option = re.search(r"for option '(\w+)'", str(error))
    if option:
        return f"{PREFIX}{option[1].upper()} cannot be read as {_kind_of(option[1])}"
    rules = re.findall(r"InvalidInput: (\w+)(.*)", str(error))
    return "; ".join(f"{PREFIX}{name.upper()}{rule}" for name, rule in rules)


def _kind_of(name: str) -> str:
    kind = next(one.type for one in _fields() if one.name == name)
    kinds: dict[Any, str] = {int: "a whole number", float: "a number", bool: "true or false"}
    return kinds.get(kind, "text")
