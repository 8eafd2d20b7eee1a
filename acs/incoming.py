"""A file in a request of a CPE: streamed to disk as it comes, inflated on the way, and never held.

CPEs PUT it, or POST it, as the bare body or as the first part of a form that is a file. It has its
name in the folder when it is whole and on the disk; nothing else ever has one.
"""

import asyncio
import hashlib
import os
import secrets
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path, PurePosixPath

from aiohttp import BodyPartReader, hdrs, web

IDLE_S = 120.0  # between two pieces; a slow uplink is slow, but not silent
PIECE_BYTES = 256 * 1024
MAX_NAME = 255
PART = ".part"

# Values of wbits for zlib. "deflate" is zlib's format (RFC 9110 8.4.1.2), yet some send it raw.
_WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}


class Refused(Exception):
    """The file is not taken; carries the HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is whole and on the disk."""

    path: Path
    file_name: str | None  # as the sender calls it
    size_bytes: int
    sha256: str


async def receive(request: web.Request, folder: Path, limit_bytes: int) -> Arrived:
    """Takes the request's file into the folder; raises :class:`Refused`."""
    coding = request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()
    if coding not in _WINDOWS and coding not in {"", "identity"}:
        raise Refused(415, "Unknown Content-Encoding.")
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)
    file = _File(folder, limit_bytes)
    try:
        await asyncio.to_thread(file.open)
        name = await _copy(request, coding, file)
        if not file.size_bytes:
            raise Refused(400, "The file is empty.")
        return await asyncio.to_thread(file.finish, name)
    except TimeoutError:
        raise Refused(408, "The file did not arrive in time.") from None
    except (ValueError, zlib.error, web.HTTPException, web.RequestPayloadError):
        raise Refused(400, "The file is broken.") from None
    except ConnectionError:
        raise Refused(400, "The sender went away.") from None
    finally:
        await asyncio.to_thread(file.drop)


async def _copy(request: web.Request, coding: str, file: "_File") -> str | None:
    """Returns the file's name, where the sender tells it."""
    name, pieces = None, _pieces(request)
    if request.content_type.lower() == "multipart/form-data":
        part = await _first_file(request)
        name, pieces = part.filename, _pieces_of_part(part)
        coding = part.headers.get(hdrs.CONTENT_ENCODING, coding).strip().lower()
    if coding in _WINDOWS:
        pieces = _inflated(pieces, coding)
    async for piece in pieces:
        await asyncio.to_thread(file.write, piece)
    return name


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    while piece := await asyncio.wait_for(request.content.read(PIECE_BYTES), IDLE_S):
        yield piece


async def _pieces_of_part(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await asyncio.wait_for(part.read_chunk(PIECE_BYTES), IDLE_S):
        yield piece


async def _first_file(request: web.Request) -> BodyPartReader:
    """The first part that is told to be a file; plain fields are not looked at."""
    form = await request.multipart()
    while (part := await asyncio.wait_for(form.next(), IDLE_S)) is not None:
        if isinstance(part, BodyPartReader) and _is_file(part):
            return part
    raise ValueError("the form has no file")


def _is_file(part: BodyPartReader) -> bool:
    """It has a file name; or it has none and is no text either, as some CPEs' files are."""
    kind = part.headers.get(hdrs.CONTENT_TYPE, "text/plain").lower()
    return part.filename is not None or not kind.startswith("text/plain")


async def _inflated(pieces: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """Undoes a content coding, a bounded piece at a time; raises zlib.error or ValueError."""
    stream, windows = None, iter(_WINDOWS[coding])
    async for piece in pieces:
        if stream is None:
            stream = _inflater(piece, tuple(windows))
        waiting = piece
        while waiting:
            yield stream.decompress(waiting, PIECE_BYTES)
            waiting = stream.unconsumed_tail
    if stream is None or not stream.eof:
        raise ValueError(f"the body is no whole {coding}")


def _inflater(beginning: bytes, windows: tuple[int, ...]) -> "zlib._Decompress":
    """The decompressor that understands the beginning."""
    for window in windows:
        stream = zlib.decompressobj(window)
        try:
            stream.decompress(beginning, 1)
        except zlib.error:
            continue
        return zlib.decompressobj(window)
    raise zlib.error


class _File:
    """A file that is being written. Its methods wait for the disk: they run in threads."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._path = folder / secrets.token_hex(16)
        self._part = self._path.with_suffix(PART)
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        self._file: BufferedWriter | None = None

    def open(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = self._part.open("xb")

    def write(self, piece: bytes) -> None:
        assert self._file is not None
        self.size_bytes += len(piece)
        if self.size_bytes > self._limit_bytes:
            raise _too_large(self._limit_bytes)
        self._digest.update(piece)
        self._file.write(piece)

    def finish(self, name: str | None) -> Arrived:
        """Gives the file its name, when its bytes are safe."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._part.rename(self._path)
        return Arrived(self._path, plain_name(name), self.size_bytes, self._digest.hexdigest())

    def drop(self) -> None:
        """Leaves nothing behind of a file that was not finished."""
        if self._file is not None:
            self._file.close()
        self._part.unlink(missing_ok=True)


def plain_name(name: str | None) -> str | None:
    """A name without folders and unprintable characters; it is shown, and never opened."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    return "".join(filter(str.isprintable, last))[:MAX_NAME] or None


def _too_large(limit_bytes: int) -> Refused:
    return Refused(413, f"Files are limited to {limit_bytes} bytes.")
