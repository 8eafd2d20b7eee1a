"""Files of CPEs over real sockets: fetched whole, in parts and resumed; sent plain and coded."""

import asyncio
import gzip
import hashlib
import resource
import zlib

import aiohttp
import pytest
from yarl import URL

from acs.cwmp.httpauth import Nonces
from acs.endpoint.limits import EndpointLimits
from acs.endpoint.listener import Endpoint
from acs.endpoint.service import Challenges
from acs.files import MAX_AT_ONCE, Files
from inventory import access, devices, operations
from inventory.devices import Setup
from inventory.operations import Kind
from inventory.records import firmware
from inventory.records import uploads as upload_records
from inventory.secrets import Vault
from inventory.sqlite.store import SqliteStore

NOW = 1_700_000_000.0
MIB = 1024 * 1024
LIMIT = MIB // 2
IMAGE = bytes(range(256)) * 4
TOKEN = "t0ken-of_the-test"
LOG = b"one line of a log\n" * 5000


class Nobody:
    """No sessions here."""

    def has_room(self, caller):
        return True

    def connection_lost(self, connection):
        pass


class Server:
    """Files behind the real listener, a device, and what it was asked to fetch or to send."""

    def __init__(self, store, folder, http):
        self.store, self.http, self.now = store, http, NOW
        self.images, self.uploads = folder / "images", folder / "uploads"
        self.url = ""

    def files(self):
        return Files(self.store, self.images, self.uploads, LIMIT, lambda: self.now)

    async def begin(self, kind, **request):
        """A running operation's URL."""
        made = await self.store.write(operations.queue, 1, kind, request, NOW)
        await self.store.write(operations.claim_next, 1, NOW)
        evidence = {"sent": kind, "at": NOW, "token": TOKEN, "file_type": "2 Vendor Log File"}
        await self.store.write(operations.note, made.id, evidence)
        return f"{self.url}/files/{made.id}.{TOKEN}"

    async def image(self, content=IMAGE, size=None):
        self.images.mkdir(exist_ok=True)
        with (self.images / "stored").open("wb") as file:
            file.write(content)
            if size is not None:
                file.truncate(size)
        image = await self.store.write(
            firmware.insert,
            NOW,
            name="image",
            version="2.0",
            file_type="1 Firmware Upgrade Image",
            file_name="gateway.bin",
            size_bytes=size or len(content),
            sha256="0" * 64,
            stored_as="stored",
            description=None,
        )
        return await self.begin(Kind.DOWNLOAD, firmware_image=image.id)

    async def evidence(self, operation_id=1):
        return (await self.store.read(operations.find, operation_id)).evidence

    async def arrived(self, operation_id=1):
        """The row and the bytes of what the operation has brought; None for nothing."""
        row = await self.store.read(upload_records.of_operation, operation_id)
        return None if row is None else (row, (self.uploads / row.stored_as).read_bytes())

    def left(self):
        return sorted(path.name for path in self.uploads.glob("*"))


@pytest.fixture
async def server(tmp_path):
    async with (
        await SqliteStore.open(tmp_path / "acs.db") as store,
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        setup = Setup(Vault.load(tmp_path / "key"))
        person = access.of_the_house("tests")
        await store.write(devices.create, person, {"name": "router"}, setup, NOW)
        server = Server(store, tmp_path, http)
        endpoint = Endpoint(
            Nobody(),
            Challenges(("digest",), "acs", Nonces(b"0" * 32)),
            limits=EndpointLimits(linger_s=0.1),
            others=server.files().application(),
        )
        port = await endpoint.listen("127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{port}"
        yield server
        await endpoint.close()


async def get(server, url, method="GET", **headers):
    async with server.http.request(method, URL(url, encoded=True), headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers


# --- Fetching --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "/gateway.bin", "/../../acs.db", "/%2e%2e%2facs.db"])
async def test_a_file_is_fetched_whatever_name_follows_the_ticket(server, name):
    url = await server.image()
    status, body, headers = await get(server, url + name)
    assert (status, body) == (200, IMAGE)
    assert headers["Content-Length"] == str(len(IMAGE))
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["ETag"]
    assert "Server" not in headers


async def test_head_tells_the_size_without_the_bytes(server):
    url = await server.image()
    status, body, headers = await get(server, url, "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", str(len(IMAGE)))


@pytest.mark.parametrize(
    ("wanted", "part", "place"),
    [
        ("bytes=0-9", IMAGE[:10], "0-9"),
        ("bytes=1000-", IMAGE[1000:], "1000-1023"),
        ("bytes=-4", IMAGE[-4:], "1020-1023"),
    ],
)
async def test_a_part_is_answered_with_its_place(server, wanted, part, place):
    url = await server.image()
    status, body, headers = await get(server, url, Range=wanted)
    assert (status, body) == (206, part)
    assert headers["Content-Range"] == f"bytes {place}/{len(IMAGE)}"
    assert headers["Content-Length"] == str(len(part))


@pytest.mark.parametrize(
    "wanted", ["bytes=5000-", "bytes=-0", "bytes=-", "bytes=a-b", "bytes=0-,b"]
)
async def test_a_part_that_is_not_there_is_refused(server, wanted):
    url = await server.image()
    status, _, headers = await get(server, url, Range=wanted)
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(IMAGE)}")


@pytest.mark.parametrize("wanted", ["items=0-5", "0-5", "bytes=0-5,10-20", "bytes=0-5, -3"])
async def test_a_range_that_we_need_not_understand_brings_the_whole_file(server, wanted):
    url = await server.image()
    assert (await get(server, url, Range=wanted))[:2] == (200, IMAGE)


async def test_the_unit_of_a_range_is_read_in_any_case(server):
    url = await server.image()
    assert (await get(server, url, Range="Bytes=0-9"))[:2] == (206, IMAGE[:10])


async def test_a_broken_fetch_is_resumed_unless_the_file_is_another_one(server):
    url = await server.image()
    _, _, headers = await get(server, url)
    again = {"Range": "bytes=1000-", "If-Range": headers["ETag"]}
    assert (await get(server, url, **again))[:2] == (206, IMAGE[1000:])
    for other in ('"another"', headers["ETag"].strip('"'), f"W/{headers['ETag']}", "yesterday"):
        again["If-Range"] = other
        assert (await get(server, url, **again))[:2] == (200, IMAGE)
    again["If-Range"] = headers["Last-Modified"]
    assert (await get(server, url, **again))[0] == 206
    assert (await get(server, url, **{"If-None-Match": headers["ETag"]}))[0] == 304


async def test_the_first_use_of_a_url_is_kept_as_proof_of_receipt(server):
    url = await server.image()
    await get(server, url)
    server.now += 5
    await get(server, url)
    assert (await server.evidence())["fetched"] == NOW


@pytest.mark.parametrize(
    "ticket",
    [
        "1",
        "1.",
        "1.t0ken",
        "2.t0ken-of_the-test",
        "x.t0ken-of_the-test",
        "%C2%B2.t0ken-of_the-test",
        f"{'9' * 30}.{TOKEN}",
        f".{TOKEN}",
        "..%2f1.t0ken-of_the-test",
        "1.%00",
    ],
)
async def test_a_wrong_url_leads_nowhere_and_proves_nothing(server, ticket):
    await server.image()
    for method in ("GET", "PUT"):
        assert (await get(server, f"{server.url}/files/{ticket}", method))[0] == 404
    assert "fetched" not in await server.evidence()


async def test_a_url_ends_with_its_operation(server):
    url = await server.image()
    await server.store.write(operations.complete, 1, None, NOW)
    assert (await get(server, url))[0] == 404


async def test_a_url_ends_with_its_time(server):
    url = await server.image()
    server.now += 6 * 3600
    assert (await get(server, url))[0] == 404


async def test_the_url_of_a_download_takes_nothing_and_that_of_an_upload_gives_nothing(server):
    url = await server.image()
    assert (await get(server, url, "PUT"))[0] == 404
    await server.store.write(operations.complete, 1, None, NOW)
    url = await server.begin(Kind.UPLOAD)
    assert (await get(server, url))[0] == 404


async def test_other_methods_and_paths_are_refused(server):
    url = await server.image()
    assert (await get(server, url, "DELETE"))[0] == 405
    assert (await get(server, f"{server.url}/files/"))[0] == 404
    assert (await get(server, f"{server.url}/etc/passwd"))[0] == 404


async def test_a_file_of_a_hundred_megabytes_is_streamed_without_being_held(server):
    size = 120 * MIB
    url = await server.image(size=size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    digest, got = hashlib.sha256(), 0
    async with server.http.get(url) as answer:
        async for piece in answer.content.iter_chunked(MIB):
            got += len(piece)
            digest.update(piece)
    assert got == size
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 * 1024  # KiB
    status, body, _ = await get(server, url, Range=f"bytes={size - 10}-")
    assert (status, body) == (206, bytes(10))


# --- Sending ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("waits_for_leave", [True, False])
async def test_a_file_is_taken_as_the_bare_body(server, method, waits_for_leave):
    url = await server.begin(Kind.UPLOAD)
    async with server.http.request(
        method, f"{url}/messages.log", data=LOG, expect100=waits_for_leave
    ) as answer:
        assert answer.status == 200
    row, content = await server.arrived()
    assert content == LOG
    assert row.size_bytes == len(LOG)
    assert row.sha256 == hashlib.sha256(LOG).hexdigest()
    assert (row.file_name, row.file_type) == ("messages.log", "2 Vendor Log File")
    assert (await server.evidence())["fetched"] == NOW


async def test_a_file_is_taken_as_a_part_of_a_form(server):
    url = await server.begin(Kind.UPLOAD)
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("kind", "log")
    form.add_field("file", LOG, filename="/var/log/messages.log")
    async with server.http.post(url, data=form) as answer:
        assert answer.status == 200
    row, content = await server.arrived()
    assert (row.file_name, content) == ("messages.log", LOG)


async def chunked():
    for at in range(0, len(LOG), 1000):
        yield LOG[at : at + 1000]


async def test_a_file_of_unknown_length_is_taken(server):
    url = await server.begin(Kind.UPLOAD)
    async with server.http.put(url, data=chunked()) as answer:
        assert answer.status == 200
    assert (await server.arrived())[1] == LOG


def raw_deflate(content):
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(content) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "encode"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)],
)
async def test_a_coded_file_is_kept_plain(server, coding, encode):
    url = await server.begin(Kind.UPLOAD)
    headers = {"Content-Encoding": coding}
    async with server.http.put(url, data=encode(LOG), headers=headers) as answer:
        assert answer.status == 200
    assert (await server.arrived())[1] == LOG


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (413, {}, bytes(LIMIT + 1)),
        (413, {"Content-Encoding": "gzip"}, gzip.compress(bytes(LIMIT * 20))),
        (400, {"Content-Encoding": "gzip"}, LOG),
        (400, {"Content-Encoding": "gzip"}, gzip.compress(LOG)[:-20]),
        (400, {}, b""),
        (400, {"Content-Encoding": "gzip"}, gzip.compress(b"", mtime=0)),
        (415, {"Content-Encoding": "br"}, LOG),
        (400, {"Content-Type": "multipart/form-data"}, LOG),
        (400, {"Content-Type": "multipart/form-data; boundary=x"}, b"--x--\r\n"),
        (400, {"Content-Type": "multipart/form-data; boundary=x"}, LOG),
    ],
)
async def test_what_is_too_large_or_broken_leaves_nothing_behind(server, status, headers, body):
    url = await server.begin(Kind.UPLOAD)
    async with server.http.put(url, data=body, headers=headers) as answer:
        assert answer.status == status
    assert await server.arrived() is None
    assert server.left() == []


async def test_an_empty_file_takes_nobody_s_place(server):
    url = await server.begin(Kind.UPLOAD)
    async with server.http.put(url, data=LOG) as answer:
        assert answer.status == 200
    async with server.http.put(url, data=b"") as answer:
        assert answer.status == 400
    assert (await server.arrived())[1] == LOG


async def test_more_than_the_limit_is_refused_also_when_it_comes_in_chunks(server):
    url = await server.begin(Kind.UPLOAD)

    async def endless():
        while True:
            yield bytes(65536)

    try:
        async with server.http.put(url, data=endless()) as answer:
            assert answer.status == 413
    except aiohttp.ClientOSError:
        pass  # cut off before the answer was read
    assert await server.arrived() is None


async def test_a_sender_that_goes_away_leaves_nothing_behind(server):
    url = await server.begin(Kind.UPLOAD)

    async def broken():
        yield LOG
        raise ConnectionResetError

    with pytest.raises((aiohttp.ClientError, ConnectionResetError)):
        await server.http.put(url, data=broken())
    async with server.http.put(url, data=LOG) as answer:  # and the URL is still good
        assert answer.status == 200
    assert (await server.arrived())[1] == LOG


async def test_a_file_that_is_sent_again_takes_the_place_of_the_first(server):
    url = await server.begin(Kind.UPLOAD)
    for content in (b"half of it", LOG):
        async with server.http.put(url, data=content) as answer:
            assert answer.status == 200
    row, content = await server.arrived()
    assert content == LOG
    assert server.left() == [row.stored_as]
    assert len(await server.store.read(lambda tx: tx.all("SELECT id FROM uploads"))) == 1


async def test_a_device_cannot_send_one_file_many_times_at_once(server):
    url = await server.begin(Kind.UPLOAD)
    may_end = asyncio.Event()

    async def slow():
        yield LOG
        await may_end.wait()

    async def put(content):
        async with server.http.put(url, data=content) as answer:
            return answer.status

    waiting = [asyncio.create_task(put(slow())) for _ in range(MAX_AT_ONCE)]
    while len(server.left()) < MAX_AT_ONCE:
        await get(server, server.url)  # the server has its turn meanwhile
    assert await put(LOG) == 503
    may_end.set()
    assert await asyncio.gather(*waiting) == [200] * MAX_AT_ONCE
    assert await put(LOG) == 200
    assert len(server.left()) == 1


async def test_a_file_that_arrives_too_late_is_not_kept(server):
    url = await server.begin(Kind.UPLOAD)

    async def slow():
        yield LOG
        await server.store.write(operations.fail, 1, operations.OVERDUE, NOW)
        yield LOG

    async with server.http.put(url, data=slow()) as answer:
        assert answer.status == 404
    assert server.left() == []
