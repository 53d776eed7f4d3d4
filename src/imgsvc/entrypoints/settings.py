"""Every setting: its name, default and meaning.

Where values come from: settings_sources.py. What texts may hold: settings_rules.py.
"""

import os
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from attrs import evolve, field, fields, frozen
from attrs.validators import optional

from imgsvc.application.rates import OF_KEYS, RateGroup
from imgsvc.domain.field_rules import comma_separated, matches, within
from imgsvc.domain.limits import Limits
from imgsvc.entrypoints.settings_rules import (
    key_list,
    long_enough,
    networks,
    one_of,
    origins,
    sendable,
)

PREFIX = "IMGSVC_"

CORES = os.cpu_count() or 1

_LIMITS = Limits()


def _setting(default: Any, help: str, validator: Any = None) -> Any:
    return field(default=default, validator=validator, metadata={"help": help})


def _url(default: str, help: str) -> Any:
    return field(default=default, repr=False, metadata={"help": help})  # there may be a password in it


def _secret(help: str, rule: Any = long_enough) -> Any:
    return field(default=None, validator=optional(rule), repr=False, metadata={"help": help, "secret": True})


def _rate(default: int, help: str) -> Any:
    return _setting(default, help, within(0, 10**9))


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
        "file:///folder, s3://key:secret@host/bucket?region=R&public=https://host, or memory:; "
        "empty: a folder in the data folder",
    )
    jobs_url: str = _url("memory:", "memory:, or amqp://user:password@host/vhost?queue=NAME&heartbeat=SECONDS; amqps:")
    redirect_seconds: int = _setting(
        0,
        "originals and variants are delivered by a redirect to the storage itself, which is good for so long; "
        "0: through the server",
        within(0, 604800),
    )
    cache_url: str = _url(
        "memory:?max_bytes=67108864",
        "memory:?max_bytes=N, or redis://user:password@host/0?max_bytes=N&max_value=N&ttl=S",
    )
    engine: str = _setting("auto", "auto, pillow or vips")
    token_secret: str | None = _secret("signs access tokens; empty: made once and kept in the data folder")
    password_secret: str | None = _secret("keys the hashes of passwords; empty: made once and kept in the data folder")
    link_keys: str | None = field(
        default=None,
        validator=optional(key_list),
        repr=False,
        metadata={
            "help": "signs public links: secrets, or name:secret, separated by commas; the first signs and all are "
            "good; empty: one that is made once and kept in the data folder",
            "secret": True,
        },
    )
    public_url: str = _setting(
        "",
        "where clients reach the server, such as https://pictures.example.org; links are told with it; empty: as paths",
        matches(
            r"(https?://[^\s/?#@,]+(/[^\s?#,]*[^\s?#,/])?)?", "an http or https address, without a slash at its end"
        ),
    )
    cors_origins: str = _setting(
        "",
        "origins, comma separated, whose web pages may use the service from a browser, such as https://example.org, or "
        "* for all; none unless set",
        origins,
    )
    token_lifetime_seconds: int = _setting(3600, "how long an access token is good", within(60, 86400 * 30))
    refresh_days: int = _setting(
        30,
        "days that a login lasts, however often its refresh token is exchanged",
        within(1, 3650),
    )
    password_cost: int = _setting(12, "bcrypt's cost: each step doubles the time of a login", within(4, 16))
    registration: str = _setting(
        "open", "open: anybody may register; closed: accounts are opened by imgsvc add-user", one_of("open", "closed")
    )
    studio: bool = _setting(True, "the studio, a web page for people, at /; else the page of the API is there")
    trusted_proxies: str = _setting(
        "", "addresses or networks, comma separated, whose X-Forwarded-For is believed; nobody's unless set", networks
    )
    logins_per_account: int = _rate(10, "tries a minute to log in to one account from one address; 0: any number")
    logins_per_address: int = _rate(60, "tries a minute to log in from one address; 0: any number")
    auth_rate: int = _rate(120, "requests a minute from one address to register, log in, or fail to; 0: any number")
    upload_rate: int = _rate(300, "uploads a minute by one account; 0: any number")
    render_rate: int = _rate(
        20000,
        "megapixels a minute rendered for one account while it waits, as its plans tell; "
        "what is there already is free; 0: any number",
    )
    read_rate: int = _rate(3000, "requests a minute by one account that change nothing, pictures apart; 0: any number")
    write_rate: int = _rate(1200, "requests a minute by one account that change anything else; 0: any number")
    key_upload_rate: int = _rate(0, "of the uploads of an account, those by one API key; 0: all")
    key_render_rate: int = _rate(0, "of the megapixels of an account, those by one API key; 0: all")
    key_read_rate: int = _rate(0, "of the reading requests of an account, those by one API key; 0: all")
    key_write_rate: int = _rate(0, "of the changing requests of an account, those by one API key; 0: all")
    link_rate: int = _rate(6000, "requests a minute from one address that follow public links; 0: any number")
    link_render_rate: int = _rate(
        20000,
        "megapixels a minute rendered for those who follow the links of one account, besides its own; 0: any number",
    )
    jobs_per_account: int = _setting(
        1000,
        "jobs of one account that have not ended; 429 for more. Those who follow its links queue none beyond half of "
        "that; 0: any number",
        within(0, 10**9),
    )
    worker_slots: int | None = _setting(
        None,
        "jobs made at once; unset: one for each core, and none by imgsvc serve where a broker hands them to workers",
        optional(within(0, 256)),
    )
    worker_grace_seconds: int = _setting(
        25,
        "how long what runs may go on once a worker was told to stop; what is unfinished then is given back",
        within(0, 3600),
    )
    worker_health_file: str = _setting("", "a file that imgsvc worker touches every two seconds while it is well")
    lease_seconds: int = _setting(
        15, "how long a job stays with a worker that was not heard of; renewed while it works", within(1, 3600)
    )
    requeue_after_seconds: int = _setting(
        15, "how long a job may wait unheard of, before its signal counts as lost", within(1, 86400)
    )
    render_slots: int = _setting(CORES, "pictures decoded or rendered at once", within(1, 256))
    render_queue: int = _setting(32, "requests that may wait for a render slot, before 503", within(0, 10000))
    render_in: str = _setting(
        "auto",
        "children: processes that can be killed and hold no secrets; process: this one; "
        "auto: children in imgsvc serve, process elsewhere",
        one_of("auto", "children", "process"),
    )
    sync_seconds: int = _setting(
        10, "how long a child may work on a picture while somebody waits; it is killed then", within(1, 86400)
    )
    job_seconds: int = _setting(120, "how long a child may work on a job; it is killed then", within(1, 86400))
    render_memory: int = _setting(2**30, "bytes of memory that a child may have", within(2**28, 2**50))
    render_keep: int = _setting(
        24 * 2**20,
        "bytes of the memory of a child that libvips keeps pictures in which were just rendered, for other renderings "
        "of the same, while any are asked for; 0: none",
        within(0, 2**40),
    )
    http_threads: int = _setting(32, "requests worked on at once, besides renderings and logins", within(1, 1000))
    waiting: int = _setting(
        1000, "clients that wait for a job to go on, or follow its events, at once", within(0, 100_000)
    )
    waiting_per_account: int = _setting(20, "of them, those of one account", within(0, 100_000))
    header_seconds: int = _setting(
        10, "how long a client may take for the headers of a request; 408 then", within(1, 3600)
    )
    body_rate: int = _setting(
        1024, "bytes a second that the body of a request comes with at the least; 408 else", within(0, 2**30)
    )
    write_seconds: int = _setting(
        30, "how long a client may let an answer wait; its connection ends then", within(1, 3600)
    )
    sync_megapixels: float = _setting(
        150.0, "what is rendered while somebody waits: megapixels read and written by all steps", within(0, 100000)
    )
    strict_types: bool = _setting(False, "refuse uploads whose Content-Type says another picture than their bytes do")
    fetch: bool = _setting(True, "uploads by URL, from the public internet")
    fetch_seconds: int = _setting(20, "how long a fetch may take, redirects and all; 504 then", within(1, 600))
    outbound_networks: str = _setting(
        "",
        "addresses or networks, comma separated, that may be called for users besides the public internet; "
        "none unless set",
        networks,
    )
    webhooks: bool = _setting(True, "tell addresses of the public internet how jobs ended")
    webhook_seconds: int = _setting(15, "how long a receiver may take to answer", within(1, 60))
    webhook_retry_seconds: str = _setting(
        "5,300,1800,7200,18000,36000,50400,72000,86400",
        "after how many seconds a message that was not taken is sent again, comma separated: at first, the second time "
        "and so on, a fifth more or less",
        matches(r"[0-9]{1,7}( *, *[0-9]{1,7}){0,49}", "1 to 50 numbers of seconds, separated by commas"),
    )
    webhook_failing_days: int = _setting(
        5, "days after which a webhook that took no message is disabled; 0: never", within(0, 36500)
    )
    delivery_days: int = _setting(
        30, "days after which a webhook's delivery that ended is forgotten; 0: never", within(0, 36500)
    )
    max_bytes: int = _setting(_LIMITS.max_bytes, "size of an upload", within(1, 2**40))
    max_side: int = _setting(_LIMITS.max_side, "pixels of a side of an upload", within(1, 65535))
    max_pixels: int = _setting(_LIMITS.max_pixels, "pixels of an upload, all frames together", within(1, 2**40))
    max_frames: int = _setting(_LIMITS.max_frames, "frames of an upload", within(1, 2**20))
    max_output_side: int = _setting(_LIMITS.max_output_side, "pixels of a side of a rendering", within(1, 65535))
    max_output_pixels: int = _setting(_LIMITS.max_output_pixels, "pixels of a rendering", within(1, 2**40))
    quota_images: int = _setting(0, "images that one account may have; 0: any number", within(0, 2**31 - 1))
    quota_bytes: int = _setting(
        0, "bytes of originals that one account may have, equal ones counted once; 0: any number", within(0, 2**62)
    )
    variant_days: int = _setting(
        90,
        "days after which a rendering that nobody wants goes, to be made again for who does; 0: never. "
        "A job's result stays at least as long as the job",
        within(0, 36500),
    )
    job_days: int = _setting(
        30, "days after which a job that ended is forgotten; the result stays as a variant; 0: never", within(0, 36500)
    )
    tombstone_days: int = _setting(
        30, "days for which an erased image is 410 to its owner, and not 404", within(0, 36500)
    )
    orphan_grace_seconds: int = _setting(
        3600,
        "age at which bytes without a row, or a rendering without bytes, go; longer than any upload takes",
        within(300, 2**31),
    )
    metrics_port: int | None = _setting(
        None,
        "port for Prometheus's metrics, at /metrics, of each imgsvc serve and imgsvc worker; 0 takes any free one, and "
        "the log says which; unset: none",
        optional(within(0, 65535)),
    )
    metrics_host: str = _setting("127.0.0.1", "address to listen on for whoever asks for metrics")
    metrics_token: str | None = _secret(
        "imgsvc serve tells metrics at /metrics of its own port too, to whoever sends these 32 characters or more as a "
        "bearer token; empty: it has no such page",
        sendable,
    )
    log_level: str = _setting("info", "debug, info, warning or error", one_of("debug", "info", "warning", "error"))
    log_format: str = _setting(
        "auto", "json, console, or auto: console on a terminal", one_of("auto", "json", "console")
    )

    @property
    def limits(self) -> Limits:
        limits = Limits(**{one.name: getattr(self, one.name) for one in fields(Limits)})
        # A process that decodes pictures itself may have what there is.
        return limits if self.render_in == "children" else evolve(limits, render_memory=None)

    @property
    def server_slots(self) -> int:
        """How many jobs ``imgsvc serve`` makes at once."""
        has_broker = urlsplit(self.jobs_url).scheme != "memory"
        return self.worker_slots if self.worker_slots is not None else 0 if has_broker else CORES

    @property
    def rates(self) -> dict[RateGroup, int]:
        """How much of each a caller may have in a minute; 0 for any amount."""
        return {group: getattr(self, f"{group}_rate") for group in RateGroup}

    @property
    def key_rates(self) -> dict[RateGroup, int]:
        """How much of each one API key may have in a minute; 0 for all that its account may."""
        return {group: getattr(self, f"key_{group}_rate") for group in OF_KEYS}

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(one) for one in comma_separated(self.trusted_proxies))

    @property
    def allowed_origins(self) -> frozenset[str]:
        """None, some, or ``*``."""
        return frozenset(comma_separated(self.cors_origins))

    @property
    def callable_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(one) for one in comma_separated(self.outbound_networks))

    @property
    def webhook_delays(self) -> tuple[timedelta, ...]:
        return tuple(timedelta(seconds=int(one)) for one in comma_separated(self.webhook_retry_seconds))

    @property
    def own_hosts(self) -> tuple[str, ...]:
        """By which clients reach the server."""
        host = urlsplit(self.public_url).hostname
        return (host,) if host else ()

    @property
    def token_lifetime(self) -> timedelta:
        return timedelta(seconds=self.token_lifetime_seconds)

    def of_server(self) -> "Settings":
        """As servers and workers have them: pictures are decoded in children, unless it is said where."""
        return evolve(self, render_in="children") if self.render_in == "auto" else self

    def resolved(self) -> "Settings":
        """With the embedded URLs filled in, below the data folder."""
        folder = self.data_dir.absolute()
        return evolve(
            self,
            data_dir=folder,
            database_url=self.database_url or f"sqlite:///{quote(str(folder / 'imgsvc.sqlite3'))}",
            blobs_url=self.blobs_url or folder.as_uri(),
        )
