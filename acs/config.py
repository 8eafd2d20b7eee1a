"""Every setting of the ACS: declared, read and checked here, once, before anything is opened.

A setting is a field of a section. ``[cwmp] port`` in the TOML file, ``ACS_CWMP_PORT`` in the
environment and, where it has one, a flag of ``acs serve`` are the same setting; flags beat the
environment, that beats the file, and the file beats the default. A component is handed its own
section and never sees the rest.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    HttpUrl,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

Network = IPv4Network | IPv6Network
Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Limit = Annotated[int, Field(ge=0)]  # 0 means no limit

MIB = 1024 * 1024


class ConfigurationError(Exception):
    """Settings that cannot be used; the text names each one, where it stands, and what is wrong."""


def _split(value: object) -> object:
    """A list may be written as one text, separated by commas."""
    if isinstance(value, str):
        return [item for item in (part.strip() for part in value.split(",")) if item]
    return value


def _networks(value: object) -> object:
    """``10.1.2.3`` is a network of one address; host bits beside a mask are forgiven."""
    items = _split(value)
    if not isinstance(items, Iterable):
        return items
    return tuple(ip_network(item, strict=False) for item in items)


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]


def _patterns(value: object) -> object:
    items = _split(value)
    if not isinstance(items, list):
        return items
    try:
        return tuple(re.compile(str(item), re.IGNORECASE) for item in items)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None


Patterns = Annotated[tuple[re.Pattern[str], ...], NoDecode, BeforeValidator(_patterns)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Listener(Section):
    """What both listeners have: an address and, when a certificate is given, TLS."""

    host: str
    port: Port
    tls_cert: FilePath | None = Field(None, description="certificate chain (PEM): serve TLS")
    tls_key: FilePath | None = Field(None, description="its private key (PEM)")

    @model_validator(mode="after")
    def _certificate_and_key_go_together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key are given together or not at all")
        return self


class CwmpSettings(_Listener):
    """The listener that CPEs talk to."""

    host: str = Field("0.0.0.0", description="address to listen on for CPEs")  # noqa: S104
    port: Port = Field(7547, description="port for CPEs; 0 picks a free one")
    tls_client_ca: FilePath | None = Field(
        None, description="CA (PEM) of client certificates that authenticate CPEs"
    )
    public_url: HttpUrl | None = Field(
        None, description="base URL under which CPEs reach this listener, where it is another"
    )
    auth: Literal["digest", "basic", "both"] = Field(
        "digest", description="how CPEs that must authenticate are asked to"
    )
    realm: str = Field("acs", pattern=r'^[^"\\\x00-\x1f]+$', description="realm of the challenge")
    username: str | None = Field(None, description="user name that all CPEs share")
    password: SecretStr | None = Field(None, description="its password")
    auto_register: bool = Field(True, description="take unknown devices into the inventory")
    registrations_per_source: Limit = Field(
        20_000, description="new devices a minute from one address; 0: no limit"
    )
    registrations: Limit = Field(1_000_000, description="new devices a minute in all; 0: no limit")
    inform_interval_s: Count = Field(300, description="periodic inform interval of new devices")
    get_batch: Count = Field(32, description="names in one GetParameterValues")
    max_sessions: Count = Field(
        10_000, description="open sessions; past it CPEs are sent away with 503"
    )
    retry_after_s: Count = Field(60, description="the 503's Retry-After, to which chance adds half")
    retry_s: Seconds = Field(
        5, description="wait before an unanswered request is tried again; four times that next"
    )
    waiting_timeout_s: Seconds = Field(30, description="silence allowed when the CPE may speak")
    outstanding_timeout_s: Seconds = Field(240, description="silence allowed after a request to it")
    session_limit_s: Seconds = Field(3600, description="longest session")
    body_limit_bytes: Count = Field(
        32 * MIB, description="longest message, decompressed; longer ones are refused"
    )
    upload_limit_bytes: Count = Field(64 * MIB, description="longest file that a CPE may upload")
    trusted_proxies: Networks = Field(
        (), description="proxies whose X-Forwarded-For and -Proto are believed"
    )
    ip_fallback: bool = Field(
        False, description="continue a session by address when the CPE returns no cookie"
    )

    @model_validator(mode="after")
    def _credentials_are_complete(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password are given together or not at all")
        return self


class ApiSettings(_Listener):
    """The listener of the REST API."""

    host: str = Field("127.0.0.1", description="address to listen on for the API")
    port: Port = Field(8080, description="port of the API; 0 picks a free one")
    body_limit_bytes: Count = Field(MIB, description="longest JSON body")
    upload_limit_bytes: Count = Field(1024 * MIB, description="longest firmware image")
    rate_limit: Limit = Field(0, description="requests a minute of one token; 0: no limit")


class StorageSettings(Section):
    """The database and the key of what is secret in it."""

    path: Path = Field(Path("acs.db"), description="database file; files of devices lie beside it")
    key_file: Path | None = Field(
        None,
        description="file of the encryption key, made at the first start (default: `PATH.key`)",
    )
    secret_names: Patterns = Field(
        (),
        description="names of further parameters that hold secrets: regular expressions, found "
        "anywhere in the name, upper or lower case",
    )
    history_days: Count = Field(90, description="days that finished work and logs are kept")
    history_rows: Count = Field(
        5_000_000, description="finished operations, log lines and sessions kept, of each"
    )

    @property
    def key_path(self) -> Path:
        return self.key_file or self.path.with_name(self.path.name + ".key")

    @property
    def image_folder(self) -> Path:
        return self.path.with_name(self.path.name + ".images")

    @property
    def upload_folder(self) -> Path:
        return self.path.with_name(self.path.name + ".uploads")


class ReachSettings(Section):
    """Connection requests: how we call CPEs."""

    concurrency: Count = Field(
        50,
        description="connection requests at a time: of jobs, status helpers and single operations",
    )
    timeout_s: Seconds = Field(5, description="time for one attempt")
    patience_s: Seconds = Field(
        10, description="time that an API request waits for all devices that it asks"
    )
    allow: Networks = Field(
        (), description="networks that a connection request URL may lead to besides the CPE's own"
    )


class WebhookSettings(Section):
    """Notifications to other systems."""

    allow: Networks = Field(
        (), description="loopback, link-local and private networks that webhooks may go to"
    )
    secret: SecretStr | None = Field(
        None,
        description="key of their HMAC-SHA256 signature "
        "(default: made at the first start, in `PATH.webhook-key`)",
    )


class SmtpSettings(Section):
    """Notifications by email; without a host they are recorded as not sent."""

    host: str | None = Field(None, description="mail server; without one no email is sent")
    port: Port = Field(25, description="its port")
    starttls: bool = Field(False, description="demand STARTTLS")
    username: str | None = Field(None, description="user name there")
    password: SecretStr | None = Field(None, description="its password")
    sender: str = Field("acs@localhost", description="From address")


class LogSettings(Section):
    """The server's own log, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level")


class Settings(BaseSettings):
    """All sections, and the two settings that belong to none."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix="ACS_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
    )

    cwmp: CwmpSettings = CwmpSettings()
    api: ApiSettings = ApiSettings()
    storage: StorageSettings = StorageSettings()
    reach: ReachSettings = ReachSettings()
    webhook: WebhookSettings = WebhookSettings()
    smtp: SmtpSettings = SmtpSettings()
    log: LogSettings = LogSettings()
    bootstrap_token: SecretStr | None = Field(
        None, description="admin token of the first start, instead of one made by chance"
    )
    grace_s: Seconds = Field(10, description="time that running sessions get at shutdown")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls), TomlConfigSettingsSource(settings_cls)


class _Environment(EnvSettingsSource):
    """Without the variables that name no setting: another program may mean something by them."""

    def __call__(self) -> dict[str, Any]:
        return {
            name: _known(name, value) if isinstance(value, dict) else value
            for name, value in super().__call__().items()
        }


def _known(section: str, values: dict[str, Any]) -> dict[str, Any]:
    known = set(paths())
    return {name: value for name, value in values.items() if (section, name) in known}


def paths() -> Iterator[tuple[str, ...]]:
    """The names of all settings: ``("cwmp", "port")``, ``("grace_s",)``."""
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from ((name, inner) for inner in kind.model_fields)
        else:
            yield (name,)


def unknown_variables() -> list[str]:
    """Variables of the environment that look like settings and are none: mistyped, perhaps."""
    known = {variable(path) for path in paths()}
    sections = tuple(f"{variable(path[:1])}_" for path in paths() if len(path) > 1)
    return sorted(
        name
        for name in os.environ
        if name.upper().startswith(sections) and name.upper() not in known
    )


def load(flags: Mapping[str, Any], file: Path | None = None) -> Settings:
    """The settings of this start; raises :class:`ConfigurationError` naming all that is wrong.

    ``flags`` is shaped like the settings themselves: ``{"cwmp": {"port": 7547}}``.
    """

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    if file is not None and not file.is_file():
        raise ConfigurationError(f"{file}: no such file")
    try:
        return FromFile(**flags)
    except (TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigurationError(f"{file}: {error}") from None
    except SettingsError as error:
        raise ConfigurationError(str(error)) from None
    except ValidationError as error:
        complaints = [
            _complaint(fault["loc"], fault["type"], fault["msg"], flags, file)
            for fault in error.errors(include_input=False)
        ]
        raise ConfigurationError("\n".join(complaints)) from None


def variable(path: Iterable[int | str]) -> str:
    """The environment variable of a setting: ``("cwmp", "port")`` is ``ACS_CWMP_PORT``."""
    return "_".join(["ACS", *(str(part).upper() for part in path)])


def _complaint(
    path: tuple[int | str, ...], kind: str, text: str, flags: Mapping[str, Any], file: Path | None
) -> str:
    name = ".".join(map(str, path))
    if kind == "extra_forbidden":
        text = "there is no such setting"
    return f"{name} ({_origin(path, flags, file)}): {text.removeprefix('Value error, ')}"


def _origin(path: tuple[int | str, ...], flags: Mapping[str, Any], file: Path | None) -> str:
    """Where the value that counts was written."""
    section, *rest = path
    given = flags.get(str(section), {})
    if rest and rest[0] in given:
        return "command line"
    # Names of variables are compared without regard to case, as they are read.
    names = {name.upper() for name in os.environ}
    if (wanted := variable(path[:2])) in names:
        return wanted
    return str(file) if file else "settings"
