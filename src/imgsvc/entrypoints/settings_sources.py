"""Where settings come from: the variables ``IMGSVC_<NAME>`` over a TOML file over defaults."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typed_settings as ts
from attrs import Attribute, AttrsInstance, fields, fields_dict, frozen
from cattrs import Converter
from typed_settings.converters import get_default_structure_hooks
from typed_settings.exceptions import InvalidSettingsError
from typed_settings.types import LoadedSettings, LoaderMeta

from imgsvc.domain.field_rules import is_text
from imgsvc.domain.wording import nearest, shortened
from imgsvc.entrypoints.settings import PREFIX, Settings

CONFIG_FILE_VARIABLE = "IMGSVC_CONFIG_FILE"
_OURS_ELSEWHERE = "IMGSVC_TEST_"  # what the test suite is told about its servers


class SettingsError(Exception):
    """The service cannot start like this; the message names the setting, never its value."""


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
    is_switch = fields_dict(Settings)[name].type is bool
    if (isinstance(value, bool) and not is_switch) or not isinstance(value, str | int | float):
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
        if "\0" in text or not is_text(text):  # Python makes halves of surrogate pairs of bytes that are no UTF-8
            raise SettingsError(f"{PREFIX}{name.upper()} is not text in UTF-8")
    try:
        return ts.load_settings(Settings, [_Given(texts)], converter=_converter())
    except InvalidSettingsError as error:
        raise SettingsError("; ".join(_without_value(one) for one in error.exceptions)) from None


def _converter() -> Converter:
    """As typed-settings has it, but for pydantic, whose import costs a tenth of a second wherever it is installed."""
    converter = Converter(use_alias=True)
    for kind, hook in get_default_structure_hooks():
        converter.register_structure_hook(kind, hook)
    return converter


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
