"""The server as a whole: what it says when it is ready, what it serves where, how it ends."""

import asyncio
import datetime
import os
import re
import signal
import ssl
import subprocess
import sys
from base64 import b64encode
from ipaddress import ip_address

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from acs import app
from acs.config import load
from acs.cwmp import codec
from acs.cwmp.messages import (
    DeviceIdStruct,
    Envelope,
    EventStruct,
    Inform,
    ParameterValueStruct,
    SetParameterValues,
    SetParameterValuesResponse,
)
from inventory.secrets import SecretsError

TOKEN = "token-of-the-tests"


def inform(serial_number="1"):
    """The first words of a device."""
    device = DeviceIdStruct("Example", "00D09E", "Gateway", serial_number)
    told = (ParameterValueStruct("Device.DeviceInfo.SoftwareVersion", "1"),)
    events = (EventStruct("0 BOOTSTRAP"),)
    return codec.encode(Envelope(Inform(device, events, parameter_list=told), id="1"))


def settings(folder, **sections):
    return load(
        {
            "cwmp": {"host": "127.0.0.1", "port": 0, **sections.get("cwmp", {})},
            "api": {"host": "127.0.0.1", "port": 0, **sections.get("api", {})},
            "storage": {"path": folder / "acs.db"},
            "bootstrap_token": TOKEN,
            "grace_s": sections.get("grace_s", 1),
        }
    )


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """Files of a certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "acs.example")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = {"tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}
    files["tls_cert"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files["tls_key"].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


async def test_it_serves_cpes_and_callers_on_the_ports_it_tells(tmp_path, http):
    async with app.running(settings(tmp_path)) as server:
        async with http.get(f"{server.acs_url}?wsdl") as answer:
            assert f'location="{server.acs_url}"' in await answer.text()
        async with http.get(f"{server.api_url}inventory_device_name/") as answer:
            assert answer.status == 401
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        async with http.get(f"{server.api_url}inventory_device_name/", headers=bearer) as answer:
            assert (await answer.json())["count"] == 0


async def test_a_server_without_credentials_says_that_it_is_open_to_all(tmp_path):
    async with app.running(settings(tmp_path)) as server:
        assert server.news == (app.OPEN_TO_ALL,)
    shared = {"username": "cpe", "password": "secret"}
    async with app.running(settings(tmp_path, cwmp=shared)) as server:
        assert server.news == ()


async def test_a_cpe_is_asked_for_the_shared_credentials_by_the_scheme_of_the_settings(
    tmp_path, http
):
    shared = {"username": "cpe", "password": "secret", "auth": "basic", "realm": "here"}
    async with (
        app.running(settings(tmp_path, cwmp=shared)) as server,
        http.post(server.acs_url) as answer,
    ):
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="here"'


@pytest.mark.parametrize(("scheme", "status"), [("digest", 401), ("basic", 200), ("both", 200)])
async def test_a_password_is_taken_in_the_clear_only_where_basic_is_offered(
    tmp_path, http, scheme, status
):
    shared = {"username": "cpe", "password": "secret", "auth": scheme}
    credentials = {"Authorization": "Basic " + b64encode(b"cpe:secret").decode()}
    async with (
        app.running(settings(tmp_path, cwmp=shared)) as server,
        http.post(server.acs_url, data=inform(), headers=credentials) as answer,
    ):
        assert answer.status == status


async def test_a_session_over_a_new_connection_for_each_post_may_end_while_the_server_stops(
    tmp_path,
):
    async def post(body, cookie=""):
        async with (
            aiohttp.ClientSession(headers={"Cookie": cookie}) as http,
            http.post(server.acs_url, data=body) as answer,
        ):
            return answer.status, answer.headers.get("Set-Cookie", ""), await answer.read()

    running = app.running(settings(tmp_path, grace_s=30))
    server = await running.__aenter__()
    _, cookie, _ = await post(inform())
    stopping = asyncio.create_task(running.__aexit__(None, None, None))
    while (await post(inform("2")))[0] != 503:
        pass
    status, _, body = await post(b"", cookie)
    asked = codec.decode(body)
    assert (status, type(asked.body)) == (200, SetParameterValues)
    done = codec.encode(Envelope(SetParameterValuesResponse(), id=asked.id))
    assert (await post(done, cookie))[0] == 204
    await stopping


async def test_the_start_is_refused_when_the_key_of_what_is_sealed_is_missing(tmp_path, http):
    async with app.running(settings(tmp_path)) as server, http.post(server.acs_url, data=inform()):
        pass
    key = tmp_path / "acs.db.key"
    key.rename(tmp_path / "elsewhere")
    with pytest.raises(SecretsError, match=r"acs\.db\.key is not there"):
        async with app.running(settings(tmp_path)):
            pass
    assert not key.exists()
    (tmp_path / "elsewhere").rename(key)
    async with app.running(settings(tmp_path)):
        pass


async def test_both_listeners_speak_tls(tmp_path, http, certificate):
    trust = ssl.create_default_context(cafile=certificate["tls_cert"])
    async with app.running(settings(tmp_path, cwmp=certificate, api=certificate)) as server:
        assert server.acs_url.startswith("https://")
        assert server.api_url.startswith("https://")
        async with http.post(server.acs_url, ssl=trust) as answer:
            assert answer.status == 204
        async with http.get(server.api_url + "inventory_device_name/", ssl=trust) as answer:
            assert answer.status == 401


async def test_the_acs_url_is_the_public_one_where_there_is_one(tmp_path):
    behind_a_proxy = {"public_url": "https://acs.example/"}
    async with app.running(settings(tmp_path, cwmp=behind_a_proxy)) as server:
        assert server.acs_url == "https://acs.example/acs"


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_open(tmp_path):
    async with app.running(settings(tmp_path)) as first:
        taken = {"port": int(first.api_url.rsplit(":", 1)[1].split("/")[0])}
        with pytest.raises(OSError, match="address already in use"):
            async with app.running(settings(tmp_path, api=taken)):
                pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_tells_where_it_serves_and_ends_in_order_when_told_to(tmp_path, number):
    command = [sys.executable, "-m", "acs", "serve", "--db", str(tmp_path / "new" / "acs.db")]
    command += ["--cwmp", "127.0.0.1:0", "--api", "127.0.0.1:0"]
    environment = {name: text for name, text in os.environ.items() if not name.startswith("ACS_")}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        lines = [server.stdout.readline().strip() for _ in range(3)]
        server.send_signal(number)
        rest, complaints = server.communicate(timeout=30)
    assert lines[0].startswith(f"Admin token: in {tmp_path / 'new' / 'acs.db.token'}")
    assert lines[1] == app.OPEN_TO_ALL
    address = r"http://127\.0\.0\.1:[1-9]\d*"
    assert re.fullmatch(rf"ready: ACS {address}/acs  API {address}/api/v1/", lines[2])
    assert (server.returncode, rest) == (0, "")
    assert "Traceback" not in complaints


RARELY_USED = {
    "spyne": "tells of the WSDL alone",
    "sqlite_utils": "14 MB, for migrations",
    "acs.intake": "of a command",
    "acs.archive": "of a command",
    "tarfile": "of a command",
    "acs.validation": "of a command",
    "simulator": "not ours",
    "pydantic.v1": "nobody's",
    "multiprocessing": "nobody's",
    "requests": "of the development tools",
    "schemathesis": "of the development tools",
    "hypothesis": "of the development tools",
}


def test_what_is_rarely_used_is_not_loaded_at_the_start():
    code = f"import acs.cli.serve, sys; print(sorted({set(RARELY_USED)} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_database_that_is_up_to_date_is_opened_without_what_migrates_it(tmp_path):
    """Started once to make it, the server does without 14 MB from then on."""
    code = """
import asyncio, sys
from pathlib import Path
from acs import app
from acs.config import load

async def start():
    listening = {"host": "127.0.0.1", "port": 0}
    given = {"cwmp": listening, "api": listening, "storage": {"path": Path(sys.argv[1])}}
    async with app.running(load(given)):
        print("sqlite_utils" in sys.modules)

asyncio.run(start())
"""
    command = [sys.executable, "-c", code, str(tmp_path / "acs.db")]
    told = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    ]
    assert told == ["True", "False"]
