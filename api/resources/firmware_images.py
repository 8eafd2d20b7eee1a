"""``/firmware_image/``: the files that devices are upgraded with, and what is known of them."""

import asyncio
import hmac
from dataclasses import replace as replaced
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from api.answers import Answer, created, found, gone
from api.calls import Call
from api.endpoints import GLOBAL, Methods, endpoint
from api.fields import Moment, Name, RawText, Text
from api.house import HOUSE
from api.keys import OPTIONS
from api.models import Body, Listing, ListQuery, Representation, body_of, names_of
from api.uploads import Upload, received
from inventory import firmware
from inventory.access import Role
from inventory.errors import Invalid
from inventory.firmware import Filter, Image

PATH = "/api/v1/firmware_image/"


class ImageAnswer(Representation):
    """A firmware image."""

    id: int = Field(examples=[8])
    name: str = Field(examples=["HG-500 2.4.1"])
    version: str = Field(
        description="The software version that a device reports when it runs the image.",
        examples=["2.4.1"],
    )
    type: str = Field(
        description="CWMP's FileType.",
        examples=["1 Firmware Upgrade Image"],
        validation_alias="file_type",
    )
    file_name: str = Field(examples=["hg500-2.4.1.bin"])
    size: int = Field(description="In bytes.", examples=[33_554_432], validation_alias="size_bytes")
    sha256: str = Field(
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
    )
    description: str | None
    created: Moment
    last_change: Moment


_FileName = Annotated[Text, Field(min_length=1, max_length=255, examples=["hg500-2.4.1.bin"])]


class ImagePatch(Body):
    """What is said of the image; its bytes stay what they are."""

    read_only = names_of(ImageAnswer)

    name: Annotated[Name, Field(description="Unique.", examples=["HG-500 2.4.1"])] = ""
    version: Annotated[Text, Field(min_length=1, max_length=64, examples=["2.4.1"])] = ""
    type: Annotated[Text, Field(min_length=1, max_length=64, description="CWMP's FileType.")] = (
        "1 Firmware Upgrade Image"
    )
    file_name: _FileName = ""
    description: Annotated[Text, Field(max_length=10_000)] | None = None

    def fields(self) -> dict[str, Any]:
        """What was given, in the inventory's terms."""
        return {"file_type" if name == "type" else name: v for name, v in self.given().items()}


class ImageBody(ImagePatch):
    """A whole image, its bytes aside."""

    name: Annotated[Name, Field(description="Unique.", examples=["HG-500 2.4.1"])]
    version: Annotated[Text, Field(min_length=1, max_length=64, examples=["2.4.1"])]


class ImageForm(ImagePatch):
    """A form with the image's bytes; its file name is that of the file unless given."""

    name: Annotated[Name, Field(description="File name and version by default.")] = ""
    version: Annotated[Text, Field(min_length=1, max_length=64, examples=["2.4.1"])]
    file: Annotated[RawText, WithJsonSchema({"type": "string", "format": "binary"})]


class ImageQuery(ListQuery):
    name: Annotated[Text, Field(description="Exactly this name.")] | None = None
    version: Text | None = None
    type: Text | None = None


class UploadQuery(ImagePatch):
    """The fields of an image that is the whole body."""

    read_only = frozenset()


@endpoint(Role.VIEWER, GLOBAL, "List the firmware images", answers=Listing[ImageAnswer])
async def browse(call: Call, query: ImageQuery) -> Answer:
    """By id."""
    wanted = Filter(query.name, query.version, query.type)
    page = await call.read(firmware.page, wanted, query.window)
    return call.listed(page, query.window, ImageAnswer.model_validate)


@endpoint(Role.VIEWER, GLOBAL, "Read a firmware image", answers=ImageAnswer)
async def read(call: Call, id: int) -> Answer:
    return _answer(await call.read(firmware.get, id))


@endpoint(
    Role.ADMIN,
    GLOBAL,
    "Upload a firmware image",
    answers=ImageAnswer,
    status=201,
    uploads=ImageForm,
)
async def create(call: Call, query: UploadQuery) -> Answer:
    """As a multipart form, whose part `file` is the image; or as the whole body, with the fields in
    the query. Streamed to disk; its SHA-256 is computed on the way."""
    app = call.request.app
    _must_be_described(call, query)
    folder, limit = app[HOUSE].image_folder, app[OPTIONS].max_upload_bytes
    async with received(call.request, folder, limit) as upload:
        fields = _fields(upload, query)
        # Two requests are the same when their files are, too.
        digest = hmac.new(call.request_digest.encode(), upload.sha256.encode(), "sha256")
        same = replaced(call, request_digest=digest.hexdigest())
        answer = await same.once(_created, firmware.create, fields, call.now)
        if answer.headers.get("Idempotency-Replayed"):
            upload.path.unlink()
        return answer


def _must_be_described(call: Call, query: UploadQuery) -> None:
    """A bare file comes without fields of its own."""
    is_bare = call.request.content_type == "application/octet-stream"
    if is_bare and "version" not in query.model_fields_set:
        raise Invalid({"version": ["A bare upload needs this field in its query."]})


def _fields(upload: Upload, query: UploadQuery) -> dict[str, Any]:
    """The columns of an image; raises Invalid."""
    name = PurePosixPath((upload.file_name or "").replace("\\", "/")).name
    given = {"file_name": name or "firmware.bin"} | query.given() | upload.fields
    by_default = {"name": "{file_name} {version}".format_map({"version": ""} | given)}
    body = body_of(ImageBody, by_default | given)
    return body.fields() | {
        "size_bytes": upload.size_bytes,
        "sha256": upload.sha256,
        "stored_as": upload.stored_as,
    }


@endpoint(Role.ADMIN, GLOBAL, "Replace what is said of a firmware image", answers=ImageAnswer)
async def replace(call: Call, id: int, body: ImageBody) -> Answer:
    """Its bytes stay what they are."""
    fields = {**firmware.DEFAULTS, **body.fields()}
    return _answer(await call.write(firmware.change, id, fields, call.expected, call.now))


@endpoint(Role.ADMIN, GLOBAL, "Change what is said of a firmware image", answers=ImageAnswer)
async def change(call: Call, id: int, body: ImagePatch) -> Answer:
    return _answer(await call.write(firmware.change, id, body.fields(), call.expected, call.now))


@endpoint(Role.ADMIN, GLOBAL, "Delete a firmware image", status=204, refuses=(409,))
async def delete(call: Call, id: int) -> Answer:
    """With its bytes. Refused while it is on its way to a device."""
    while await call.write(firmware.detach_some, id, call.expected):
        pass
    image = await call.write(firmware.delete, id, call.expected, call.now)
    path = firmware.open_path(call.request.app[HOUSE].image_folder, image)
    await asyncio.to_thread(path.unlink, missing_ok=True)
    return gone()


def _answer(image: Image) -> Answer:
    return found(ImageAnswer.model_validate(image), image.tag)


def _created(image: Image) -> Answer:
    body = ImageAnswer.model_validate(image)
    return created(body, f"{PATH}{image.id}/", image.tag)


ROUTES: dict[str, Methods] = {
    PATH: {"GET": browse, "POST": create},
    f"{PATH}{{id}}/": {"GET": read, "PUT": replace, "PATCH": change, "DELETE": delete},
}
