"""Every setting: where it is read from, and what is refused."""

import re
from pathlib import Path

import pytest
from attrs import fields

from imgsvc import InvalidInput, Settings
from imgsvc.domain.limits import Limits
from imgsvc.entrypoints.settings_sources import SettingsError, load_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SECRET = "do-not-show-me-" * 3
SETTINGS = {one.name: one for one in fields(Settings)}


@pytest.fixture
def config_file(tmp_path):
    """Writes a file and returns the variable that names it."""

    def written(text, name="imgsvc.toml"):
        path = tmp_path / name
        path.write_text(text)
        return {"IMGSVC_CONFIG_FILE": str(path)}

    return written


def refusal(environment):
    with pytest.raises(SettingsError) as refused:
        load_settings(environment)
    return str(refused.value)


# Variables


def test_without_any_variable_everything_has_its_default():
    assert load_settings({}) == Settings(data_dir=Path("data").absolute())


def test_a_variable_sets_its_setting():
    given = {"IMGSVC_PORT": "9000", "IMGSVC_SYNC_MEGAPIXELS": "1.5", "IMGSVC_DATA_DIR": "/srv/pictures"}

    settings = load_settings({**given, "PATH": "/bin", "PORT": "1"})

    assert (settings.port, settings.sync_megapixels, settings.data_dir) == (9000, 1.5, Path("/srv/pictures"))


@pytest.mark.parametrize("name", SETTINGS)
def test_an_empty_variable_is_one_that_is_not_set(name):
    assert load_settings({f"IMGSVC_{name.upper()}": ""}) == load_settings({})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("IMGSVC_PROT", "IMGSVC_PORT"),
        ("IMGSVC_DATABASE_URI", "IMGSVC_DATABASE_URL"),
        ("IMGSVC_TOKENSECRET", "IMGSVC_TOKEN_SECRET"),
        ("IMGSVC_port", "IMGSVC_PORT"),
        ("IMGSVC_CONFIG_FILES", None),
        ("IMGSVC_X", None),
        ("IMGSVC_", None),
    ],
)
def test_an_unknown_variable_is_refused_and_the_nearest_named(name, meant):
    message = refusal({name: SECRET})

    assert message.startswith(f"unknown variable {name}")
    assert message.partition("did you mean ")[2].removesuffix("?") == (meant or "")
    assert SECRET not in message


def test_an_unknown_variable_is_refused_even_if_it_is_empty():
    assert "IMGSVC_PROT" in refusal({"IMGSVC_PROT": ""})


def test_what_the_test_suite_is_told_is_no_setting():
    assert load_settings({"IMGSVC_TEST_S3_URL": "s3://somewhere"}) == load_settings({})


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("PORT", "http", "a whole number"),
        ("PORT", "80.5", "a whole number"),
        ("PORT", "70000", "0 to 65535"),
        ("PORT", "-1", "0 to 65535"),
        ("PORT", "9" * 5000, "a whole number"),
        ("SYNC_MEGAPIXELS", "many", "a number"),
        ("SYNC_MEGAPIXELS", "nan", "0 to 100000"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("LOG_LEVEL", "info\n", "one of debug, info, warning, error"),
        ("LOG_FORMAT", f"x\nInvalidInput: port {SECRET}", "one of auto, json, console"),
        ("MAX_BYTES", "-5", "1 to 1099511627776"),
        ("TOKEN_SECRET", SECRET[:31], "at least 32 bytes"),
        ("PASSWORD_SECRET", "\N{GREEK SMALL LETTER ALPHA}" * 15, "at least 32 bytes"),
        ("TOKEN_SECRET", SECRET + "\udcff", "UTF-8"),
        ("METRICS_TOKEN", "x" * 31, "at least 32 bytes"),
        ("METRICS_TOKEN", f"{'x' * 32} y", "visible characters of ASCII"),
        ("METRICS_TOKEN", "\N{GREEK SMALL LETTER ALPHA}" * 32, "visible characters of ASCII"),
        ("LINK_KEYS", SECRET[:31], "at least 32 bytes"),
        ("LINK_KEYS", f"a b:{SECRET}", "name:secret"),
        ("LINK_KEYS", f"a:{SECRET},", "name:secret"),
        ("PUBLIC_URL", "pictures.example.org", "http or https"),
        ("PUBLIC_URL", "https://pictures.example.org/", "without a slash"),
        ("PUBLIC_URL", "https://ada:secret@pictures.example.org", "http or https"),
        ("CORS_ORIGINS", "https://ada:secret@example.org", "number 1 is none"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable_and_never_shown(name, value, rule):
    message = refusal({f"IMGSVC_{name}": value})

    assert message.startswith(f"IMGSVC_{name} ")
    assert rule in message
    assert value not in message
    assert SECRET[:31] not in message


@pytest.mark.parametrize(
    "origin",
    [
        "example.org",
        "https://",
        "https://example.org/",
        "https://example.org/page",
        "https://example.org?x",
        "https://*.example.org",
        "https://Example.org",
        "https://bücher.example",
        "https://example.org:443",
        "http://example.org:80",
        "https://example.org:70000",
        "https://example.org:",
        "https://example..org",
        "https://exa mple.org",
        "null",
        "*",
    ],
)
def test_an_origin_that_no_browser_would_name_is_refused_by_its_place(origin):
    message = refusal({"IMGSVC_CORS_ORIGINS": f"https://example.com, {origin} ,http://localhost:3000"})

    assert message.startswith("IMGSVC_CORS_ORIGINS must be * alone, or origins as browsers name them")
    assert message.endswith("; number 2 is none")


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ("*", {"*"}),
        ("https://example.org", {"https://example.org"}),
        ("http://localhost:3000 , http://[::1]:8080", {"http://localhost:3000", "http://[::1]:8080"}),
        (
            "capacitor://localhost,https://xn--bcher-kva.example",
            {"capacitor://localhost", "https://xn--bcher-kva.example"},
        ),
        ("http://example.org:443", {"http://example.org:443"}),
    ],
)
def test_origins_are_those_that_browsers_name(given, origins):
    assert load_settings({"IMGSVC_CORS_ORIGINS": given}).allowed_origins == origins


@pytest.mark.parametrize("changes", [{"port": 70_000}, {"token_secret": "short"}, {"log_level": "loud"}])
def test_settings_made_in_python_keep_the_same_rules(changes):
    with pytest.raises(InvalidInput):
        Settings(**changes)


def test_secrets_are_not_printed():
    assert SECRET not in repr(load_settings({"IMGSVC_TOKEN_SECRET": SECRET, "IMGSVC_PASSWORD_SECRET": SECRET}))


@pytest.mark.parametrize("name", ["DATABASE_URL", "BLOBS_URL", "JOBS_URL", "CACHE_URL"])
def test_urls_which_may_have_passwords_in_them_are_not_shown(name):
    assert "hunter2" not in repr(load_settings({f"IMGSVC_{name}": "any://ada:hunter2@host/name"}))


# The file


def test_a_file_sets_what_it_names_and_variables_come_first(config_file):
    named = config_file('[imgsvc]\nport = 9000\nhost = "0.0.0.0"\nlog_level = "debug"\nsync_megapixels = 2')

    settings = load_settings({**named, "IMGSVC_PORT": "9001", "IMGSVC_LOG_LEVEL": ""})

    assert (settings.port, settings.host, settings.log_level) == (9001, "0.0.0.0", "debug")
    assert settings.sync_megapixels == 2
    assert settings.render_queue == Settings().render_queue


def test_a_file_switches_on_and_off(config_file):
    settings = load_settings(config_file("[imgsvc]\nwebhooks = false\nstrict_types = true"))

    assert (settings.webhooks, settings.strict_types) == (False, True)


@pytest.mark.parametrize(
    ("text", "is_on"), [("false", False), ("off", False), ("0", False), ("true", True), ("on", True)]
)
def test_a_variable_switches_on_and_off(text, is_on):
    assert load_settings({"IMGSVC_FETCH": text}).fetch is is_on


@pytest.mark.parametrize("name", ["imgsvc.toml", "settings.conf", "a b*?[1].TOML"])
def test_a_file_may_have_any_name(config_file, name):
    assert load_settings(config_file("[imgsvc]\nport = 9000", name)).port == 9000


@pytest.mark.parametrize("text", ["", "[imgsvc]", '[imgsvc]\ntoken_secret = ""\nhost = ""'])
def test_a_file_that_says_nothing_changes_nothing(config_file, text):
    assert load_settings(config_file(text)) == load_settings({})


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        ("[imgsvc]\nprot = 9000", "unknown setting 'prot' in .*did you mean port"),
        ("[imgsvc]\nPORT = 9000", "unknown setting 'PORT' in .*did you mean port"),
        ("port = 9000", r"unknown key 'port' in .*\[imgsvc\]"),
        ("[imgsv]\nport = 9000", r"unknown key 'imgsv' in .*\[imgsvc\]"),
        ("imgsvc = 5", r"unknown key 'imgsvc' in .*\[imgsvc\]"),
        ("[imgsvc]\nport = true", "port in .* must be text or a number"),
        (f'[imgsvc]\ntoken_secret = ["{SECRET}"]', "token_secret in .* must be text or a number"),
        ("[imgsvc]\nport = 80.5", "IMGSVC_PORT cannot be read as a whole number"),
        ("[imgsvc]\nport = 70000", "IMGSVC_PORT must be 0 to 65535"),
        (f'[imgsvc]\ntoken_secret = "{SECRET[:31]}"', "IMGSVC_TOKEN_SECRET must have at least 32 bytes"),
        ('[imgsvc]\nhost = "a\\u0000b"', "IMGSVC_HOST is not text"),
        ("[imgsvc\nport = 9000", "is not a TOML file: .*line 1"),
    ],
)
def test_a_file_that_is_wrong_is_refused_naming_what_is(config_file, text, culprit):
    message = refusal(config_file(text))

    assert re.search(culprit, message)
    assert SECRET[:31] not in message


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b"[imgsvc]\nhost = '\xff'")

    assert "not in UTF-8" in refusal({"IMGSVC_CONFIG_FILE": str(tmp_path / "latin.toml")})


@pytest.mark.parametrize(("name", "reason"), [("missing.toml", "No such file"), ("", "Is a directory")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name, reason):
    message = refusal({"IMGSVC_CONFIG_FILE": str(tmp_path / name)})

    assert str(tmp_path / name) in message
    assert reason in message


# What follows from them


def test_the_limits_are_those_of_the_settings():
    assert Settings().limits == Limits()
    assert Settings(max_bytes=1, max_output_side=2).limits == Limits(max_bytes=1, max_output_side=2)


def test_renderings_have_the_memory_of_the_children_that_make_them():
    assert Settings(render_in="children", render_memory=2**28).limits == Limits(render_memory=2**28)
    assert Settings(render_in="process", render_memory=2**28).limits.render_memory is None


@pytest.mark.parametrize(("given", "meant"), [("auto", "children"), ("children", "children"), ("process", "process")])
def test_a_server_decodes_in_children_unless_it_is_told_where(given, meant):
    assert Settings(render_in=given).of_server().render_in == meant


def test_the_embedded_places_are_below_the_data_folder_and_do_not_move_with_the_process(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    resolved = Settings(data_dir="data").resolved()

    assert resolved.database_url == f"sqlite:///{tmp_path}/data/imgsvc.sqlite3"
    assert resolved.blobs_url == f"file://{tmp_path}/data"
    assert resolved.resolved() == resolved


def test_given_places_are_left_alone():
    given = Settings(database_url="sqlite:////srv/a.sqlite3", blobs_url="memory:")

    assert (given.resolved().database_url, given.resolved().blobs_url) == (given.database_url, given.blobs_url)


# What is written about them


def described():
    """The variables of .env.example: name, default, and the lines above."""
    pattern = r"((?:^# .*\n)+)^#(IMGSVC_\w+)=(.*)$"
    return {name: (meaning, default) for meaning, name, default in re.findall(pattern, EXAMPLE.read_text(), re.M)}


def test_every_setting_stands_in_the_example_file_and_no_other():
    assert sorted(described()) == sorted(f"IMGSVC_{name.upper()}" for name in SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_example_file_says_what_a_setting_means_and_its_default(name):
    meaning, default = described()[f"IMGSVC_{name.upper()}"]

    assert SETTINGS[name].metadata["help"] in meaning
    # What depends on the machine is left empty there.
    is_each_machines_own = name in ("worker_slots", "render_slots")
    assert default == (
        "" if is_each_machines_own else "" if SETTINGS[name].default is None else str(SETTINGS[name].default)
    )


def test_the_example_file_can_be_used_as_it_is():
    environment = {name: default for name, (_, default) in described().items()}

    assert load_settings(environment) == load_settings({})
