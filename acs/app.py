"""Everything is built and connected here: opened in order, closed in reverse."""

import asyncio
import logging
import secrets
import signal
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from random import Random

from aiohttp import web
from pydantic import SecretStr

from acs import first_token, process, webhook_secret
from acs.asking import Asking
from acs.config import ApiSettings, CwmpSettings, Settings
from acs.conversation import Desk
from acs.cwmp.httpauth import Nonces, Scheme
from acs.directory import InventoryDirectory, connect
from acs.endpoint.limits import EndpointLimits
from acs.endpoint.listener import Endpoint
from acs.endpoint.service import Challenges
from acs.files import Files
from acs.mail import Mailer
from acs.procedures import SCRIPTS
from acs.reach.calling import Reach
from acs.reach.pinging import Pinger
from acs.reach.slots import Lane
from acs.registrations import Registrations
from acs.rehearsing import rehearse
from acs.sessions import SessionLimits, Sessions
from acs.webhooks import Webhooks
from acs.workers import every
from acs.workers.bulk import Bulk
from acs.workers.deliveries import Deliveries
from acs.workers.housekeeping import Housekeeping
from acs.workers.rollout import Rollout
from acs.workers.scheduler import Scheduler, call_those_waiting
from acs.workers.shelves import Shelves
from acs.workers.watch import Watch
from acs.wsdl import wsdl
from api.app import ApiOptions, make_app
from api.house import House
from api.listener import ApiRunner
from inventory.admission import Shared
from inventory.devices import Setup
from inventory.keys import open_vault
from inventory.notifications import Channel
from inventory.recording import Policy
from inventory.records.sightings import any_credentials
from inventory.secrets import Vault
from inventory.signals import Signals
from inventory.sqlite.store import SqliteStore
from inventory.store import Store

log = logging.getLogger(__name__)

_SCHEMES: dict[str, tuple[Scheme, ...]] = {
    "digest": ("digest",),
    "basic": ("basic",),
    "both": ("digest", "basic"),
}

# Seconds between the rounds of the workers.
SWEEP_S, SCHEDULE_S, TELLING_S, ROLLOUT_S, WATCH_S = 1.0, 1.0, 1.0, 5.0, 10.0
HOUSEKEEPING_S = 3600.0

OPEN_TO_ALL = (
    "warning: no credentials are set, so every device that can reach the ACS is let in "
    "(ACS_CWMP_USERNAME and ACS_CWMP_PASSWORD set shared ones)"
)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up: where it is, and what its operator should be told."""

    acs_url: str
    api_url: str
    news: tuple[str, ...]


async def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Runs until SIGTERM or SIGINT; ``announce`` is given each line for the operator."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings) as server:
        process.settle()
        for line in server.news:
            announce(line)
        announce(f"ready: ACS {server.acs_url}  API {server.api_url}")
        await stop.wait()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Server]:
    """A server for as long as the context lasts; sessions open at its end get the grace time."""
    async with AsyncExitStack() as opened:
        path = settings.storage.path
        path.parent.mkdir(parents=True, exist_ok=True)
        store = await opened.enter_async_context(await SqliteStore.open(path))
        given = _secret(settings.bootstrap_token)
        news = [await first_token.ensure(store, given, path, time.time())]
        signals = Signals()
        storage = settings.storage
        vault = await open_vault(store, storage.key_path, storage.secret_names)
        policy = _policy(settings.cwmp, vault)
        sessions = Sessions(
            Desk(store, signals, policy, time.time),
            _session_limits(settings.cwmp),
            Registrations(settings.cwmp.registrations_per_source, settings.cwmp.registrations),
        )
        reach = Reach(
            InventoryDirectory(store, policy.vault),
            concurrency=settings.reach.concurrency,
            timeout_s=settings.reach.timeout_s,
            allowed=settings.reach.allow,
        )
        opened.push_async_callback(reach.close)
        connect(signals, sessions, reach)
        asking = Asking(store, signals, reach, time.time, settings.reach.patience_s)
        webhooks = Webhooks(
            webhook_secret.ensure(_secret(settings.webhook.secret), path), settings.webhook.allow
        )
        opened.push_async_callback(webhooks.close)
        house = House(
            setup=Setup(policy.vault, policy.interval_s),
            image_folder=settings.storage.image_folder,
            upload_folder=settings.storage.upload_folder,
            ask_to_inform=asking.to_inform,
            read_values=asking.for_values,
            judge_webhook=webhooks.judge,
            rehearse=rehearse,
            ping=Pinger().ping,
            carries_out=SCRIPTS.keys(),
        )
        if policy.shared is None and not await store.read(any_credentials):
            news.append(OPEN_TO_ALL)
        telling = Deliveries(
            store,
            {Channel.WEBHOOK: webhooks, Channel.EMAIL: Mailer(settings.smtp)},
            time.time,
            Random(),  # noqa: S311  for jitter
        )
        opened.push_async_callback(telling.stop)
        bulk = Bulk(store, signals, partial(asking.to_inform, lane=Lane.BULK), time.time)
        opened.push_async_callback(bulk.stop)
        await opened.enter_async_context(
            _workers(settings, store, signals, sessions, policy, telling, bulk)
        )
        endpoint = _endpoint(settings, sessions, store)
        opened.push_async_callback(endpoint.close)
        port = await endpoint.listen(settings.cwmp.host, settings.cwmp.port, _tls(settings.cwmp))
        # New connections are taken until then: some CPEs open one for each POST of a session.
        opened.push_async_callback(sessions.drain, settings.grace_s)
        api = ApiRunner(
            make_app(store, signals, _api_options(settings.api), house),
            access_log=None,
            shutdown_timeout=settings.grace_s,
        )
        opened.push_async_callback(api.cleanup)
        api_url = await _listen(api, settings.api)
        calling = asyncio.create_task(_call_those_waiting(store, signals))
        opened.callback(calling.cancel)
        acs_url = f"{settings.cwmp.public_url or _url(settings.cwmp, port)}".rstrip("/")
        yield Server(f"{acs_url}/acs", f"{api_url}/api/v1/", tuple(filter(None, news)))


async def _call_those_waiting(store: Store, signals: Signals) -> None:
    try:
        await call_those_waiting(store, signals, time.time())
    except Exception:
        log.exception("calling devices with waiting work")


@asynccontextmanager
async def _workers(
    settings: Settings,
    store: Store,
    signals: Signals,
    sessions: Sessions,
    policy: Policy,
    telling: Deliveries,
    bulk: Bulk,
) -> AsyncIterator[None]:
    scheduler = Scheduler(store, signals)
    watch = Watch(store, time.time())
    rollout = Rollout(store, policy.vault, policy.interval_s)
    housekeeping = Housekeeping(store, settings.storage.history_days, settings.storage.history_rows)
    shelves = Shelves(store, settings.storage.upload_folder, settings.storage.history_days)
    rounds: list[tuple[float, Callable[[], Awaitable[object]]]] = [
        (SWEEP_S, sessions.sweep),
        (SCHEDULE_S, lambda: scheduler.step(time.time())),
        (TELLING_S, telling.step),
        (ROLLOUT_S, lambda: rollout.step(time.time())),
        (WATCH_S, lambda: watch.step(time.time())),
        (HOUSEKEEPING_S, lambda: housekeeping.step(time.time())),
        (HOUSEKEEPING_S, lambda: shelves.step(time.time())),
    ]
    tasks = [asyncio.create_task(every(period_s, step)) for period_s, step in rounds]
    tasks.append(asyncio.create_task(bulk.run()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _policy(cwmp: CwmpSettings, vault: Vault) -> Policy:
    shared = None
    if cwmp.username is not None and cwmp.password is not None:
        shared = Shared(cwmp.username, cwmp.password.get_secret_value())
    return Policy(
        vault=vault,
        shared=shared,
        auto_register=cwmp.auto_register,
        interval_s=cwmp.inform_interval_s,
        get_batch=cwmp.get_batch,
        retry_s=cwmp.retry_s,
    )


def _session_limits(cwmp: CwmpSettings) -> SessionLimits:
    return SessionLimits(
        waiting_s=cwmp.waiting_timeout_s,
        answering_s=cwmp.outstanding_timeout_s,
        whole_s=cwmp.session_limit_s,
        max_sessions=cwmp.max_sessions,
        by_address=cwmp.ip_fallback,
        retry_after_s=cwmp.retry_after_s,
    )


def _endpoint(settings: Settings, sessions: Sessions, store: Store) -> Endpoint:
    cwmp = settings.cwmp
    files = Files(
        store,
        images=settings.storage.image_folder,
        uploads=settings.storage.upload_folder,
        limit_bytes=cwmp.upload_limit_bytes,
        clock=time.time,
    )
    return Endpoint(
        sessions,
        Challenges(_SCHEMES[cwmp.auth], cwmp.realm, Nonces(secrets.token_bytes(32))),
        limits=EndpointLimits(
            body_bytes=cwmp.body_limit_bytes,
            body_timeout_s=cwmp.outstanding_timeout_s,
            grace_s=settings.grace_s,
            retry_after_s=cwmp.retry_after_s,
        ),
        trusted_proxies=cwmp.trusted_proxies,
        public_url=str(cwmp.public_url) if cwmp.public_url else None,
        describe=wsdl,
        others=files.application(),
    )


def _api_options(api: ApiSettings) -> ApiOptions:
    return ApiOptions(
        max_upload_bytes=api.upload_limit_bytes,
        max_body_bytes=api.body_limit_bytes,
        requests_per_minute=api.rate_limit or None,
        version=version("cwmp-acs"),
    )


async def _listen(api: web.AppRunner, settings: ApiSettings) -> str:
    await api.setup()
    site = web.TCPSite(api, settings.host, settings.port, ssl_context=_tls(settings))
    await site.start()
    return _url(settings, site.port)


def _tls(listener: CwmpSettings | ApiSettings) -> ssl.SSLContext | None:
    """TLS of a listener that has a certificate; CPEs may show one of their own (TR-069 3.3)."""
    if listener.tls_cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(listener.tls_cert, listener.tls_key)
    if isinstance(listener, CwmpSettings) and listener.tls_client_ca:
        context.load_verify_locations(listener.tls_client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        # The default from Python 3.13 on. It refuses certificates that RFC 5280 would have made
        # otherwise (no key identifiers, basic constraints not critical), as many vendors' are.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _url(listener: CwmpSettings | ApiSettings, port: int) -> str:
    """Where the listener is found from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listener.host, listener.host)  # noqa: S104
    scheme = "https" if listener.tls_cert else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
