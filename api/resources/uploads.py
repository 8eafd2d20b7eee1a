"""``…/{device}/uploads/``: the files that a device has sent, under its three keys."""

from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import hdrs, web
from pydantic import Field

from api.answers import Answer, found
from api.calls import Call
from api.endpoints import OWNED, Methods, endpoint
from api.fields import Moment
from api.house import HOUSE
from api.lists import origin
from api.models import Listing, ListQuery, Representation
from api.resources.devices import PATHS, keyed
from inventory import uploads
from inventory.access import Role
from inventory.devices import Family, Key
from inventory.errors import NotFound
from inventory.uploads import Upload

# What a device sends is no page of ours, whatever it holds.
_HARMLESS = {
    hdrs.CONTENT_TYPE: "application/octet-stream",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    hdrs.CACHE_CONTROL: "private, no-cache",
}


class UploadAnswer(Representation):
    """A file that a device has sent."""

    id: int = Field(examples=[5])
    operation_id: str | None = Field(
        description="The operation that asked for it.", examples=["txn_12345"]
    )
    file_type: str = Field(description="As CWMP names it.", examples=["2 Vendor Log File"])
    file_name: str = Field(description="As the device calls it.", examples=["messages.log"])
    size_bytes: int = Field(examples=[48213])
    sha256: str = Field(
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
    )
    created: Moment
    url: str = Field(description="Where its bytes are.")


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The files of one device, at one URL."""

    url: str

    @classmethod
    def of(cls, call: Call, key: Key) -> "_Shelf":
        path = f"{PATHS[key.family]}{quote(str(key.value), safe='')}/uploads/"
        return cls(f"{origin(call.request)}{path}")

    def shown(self, upload: Upload) -> UploadAnswer:
        return UploadAnswer(
            id=upload.id,
            operation_id=upload.operation_id and f"txn_{upload.operation_id}",
            file_type=upload.file_type,
            file_name=upload.file_name,
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
            created=upload.created,
            url=f"{self.url}{upload.id}/file/",
        )


async def _browse(call: Call, key: Key, query: ListQuery) -> Answer:
    """The newest first. Of each operation the last file is kept, of each device the newest 100."""
    page = await call.read(uploads.page, key, query.window)
    return call.listed(page, query.window, _Shelf.of(call, key).shown)


async def _read(call: Call, key: Key, upload_id: int) -> Answer:
    upload = await call.read(uploads.get, key, upload_id)
    return found(_Shelf.of(call, key).shown(upload), upload.sha256)


async def _open(call: Call, key: Key, upload_id: int) -> web.StreamResponse:
    """Its bytes as they came, but for a content coding, which is undone. Parts of it are answered
    to Range."""
    upload = await call.read(uploads.get, key, upload_id)
    path = uploads.open_path(call.request.app[HOUSE].upload_folder, upload)
    if not path.is_file():
        raise NotFound("file", upload.file_name)
    name = quote(upload.file_name, safe="")
    disposition = {hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{name}"}
    return web.FileResponse(path, headers=_HARMLESS | disposition)


def _routes(family: Family) -> dict[str, Methods]:
    ambiguous = (409,) if family is Family.SERIAL else ()
    shelf = f"{PATHS[family]}{{{family.value}}}/uploads/"
    listing = endpoint(
        Role.VIEWER,
        OWNED,
        "List the files that a device has sent",
        answers=Listing[UploadAnswer],
        refuses=ambiguous,
    )
    reading = endpoint(
        Role.VIEWER,
        OWNED,
        "Read what is known of a file",
        answers=UploadAnswer,
        refuses=ambiguous,
    )
    opening = endpoint(
        Role.OPERATOR, OWNED, "Download a device's file", answers=bytes, refuses=ambiguous
    )
    return {
        shelf: {"GET": listing(keyed(family, _browse))},
        f"{shelf}{{upload_id}}/": {"GET": reading(keyed(family, _read))},
        f"{shelf}{{upload_id}}/file/": {"GET": opening(keyed(family, _open))},
    }


ROUTES: dict[str, Methods] = {
    path: methods for family in Family for path, methods in _routes(family).items()
}
