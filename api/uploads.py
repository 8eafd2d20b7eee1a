"""Files in requests: streamed to disk as they come, whatever their size, and never held whole.

A file is the part ``file`` of a multipart form, or the one that has a file name, whose other parts
are its fields; or it is the whole body, and its fields are in the query.
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Protocol

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import BadHttpMessage
from aiohttp.multipart import MultipartReader

from api.errors import Refused
from inventory.errors import Invalid

WRITTEN_AT_ONCE = 1 << 20  # bytes: one hop to a thread for each
MAX_FIELD = 64 * 1024  # bytes of a form's other part
MAX_FIELDS = 32


class Source(Protocol):
    async def read_chunk(self, size: int = ..., /) -> bytes: ...


@dataclass
class Upload:
    """A file that has arrived: it lies in ``folder`` as ``stored_as``."""

    folder: Path
    stored_as: str = field(default_factory=lambda: secrets.token_hex(16))
    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None
    size_bytes: int = 0
    sha256: str = ""

    @property
    def path(self) -> Path:
        return self.folder / self.stored_as


@asynccontextmanager
async def received(request: web.Request, folder: Path, limit: int) -> AsyncIterator[Upload]:
    """The file of a request, for as long as the context lasts; what goes wrong in it removes it."""
    upload = Upload(folder)
    try:
        await _receive(request, upload, limit)
        yield upload
    except BaseException:
        upload.path.unlink(missing_ok=True)
        raise


async def _receive(request: web.Request, upload: Upload, limit: int) -> None:
    media_type = request.content_type.lower()
    if media_type == "multipart/form-data":
        await _form(request, upload, limit)
    elif media_type == "application/octet-stream":
        await _keep(_Whole(request), upload, limit)
    else:
        sent = request.headers.get(hdrs.CONTENT_TYPE, "")
        raise Refused(415, f'Unsupported media type "{sent}" in request.')
    if not upload.sha256:
        raise Invalid({"file": ["No file was submitted."]})
    if not upload.size_bytes:
        raise Invalid({"file": ["The submitted file is empty."]})


async def _form(request: web.Request, upload: Upload, limit: int) -> None:
    try:
        await _parts(await request.multipart(), upload, limit)
    except (ValueError, AssertionError, LookupError, BadHttpMessage) as error:
        # All that aiohttp says of a form that is none.
        raise Refused(400, "Multipart form parse error - the form is broken.") from error


async def _parts(form: MultipartReader, upload: Upload, limit: int) -> None:
    while (part := await form.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise Refused(400, "Multipart form parse error - a part without a name.")
        if part.name == "file" or part.filename:
            if upload.sha256:
                raise Invalid({"file": ["Given more than once."]})
            upload.file_name = part.filename
            await _keep(part, upload, limit)
        elif len(upload.fields) == MAX_FIELDS:
            raise Refused(400, "Multipart form parse error - too many parts.")
        else:
            upload.fields[part.name] = await _text(part)


async def _text(part: BodyPartReader) -> str:
    body = bytearray()
    while chunk := await part.read_chunk():
        body += chunk
        if len(body) > MAX_FIELD:
            text = f"Ensure this field has no more than {MAX_FIELD} characters."
            raise Invalid({str(part.name): [text]})
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Invalid({str(part.name): ["Not a valid string."]}) from None


async def _keep(source: Source, upload: Upload, limit: int) -> None:
    """Writes the source into the upload's file, durably, and measures it."""
    digest = hashlib.sha256()
    file = await asyncio.to_thread(_create, upload.path)
    try:
        async for block in _blocks(source):
            upload.size_bytes += len(block)
            if upload.size_bytes > limit:
                raise Refused(413, f"Uploads are limited to {limit} bytes.")
            await asyncio.to_thread(_write, file, block, digest)
        await asyncio.to_thread(_finish, file)
    finally:
        file.close()
    upload.sha256 = digest.hexdigest()


async def _blocks(source: Source) -> AsyncIterator[bytes]:
    block = bytearray()
    while chunk := await source.read_chunk():
        block += chunk
        if len(block) >= WRITTEN_AT_ONCE:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def _create(path: Path) -> BufferedWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _write(file: BufferedWriter, block: bytes, digest: "hashlib._Hash") -> None:
    digest.update(block)
    file.write(block)


def _finish(file: BufferedWriter) -> None:
    file.flush()
    os.fsync(file.fileno())


class _Whole:
    """A request's whole body, read as a form's part is."""

    def __init__(self, request: web.Request) -> None:
        self._stream = request.content

    async def read_chunk(self, size: int = 65_536, /) -> bytes:
        return await self._stream.read(size)
