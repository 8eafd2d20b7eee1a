"""The parameters of downloads and uploads: which file, and how the device comes by it."""

from typing import Annotated

from pydantic import Field

from api.fields import Id, Integer, RawText, Text
from api.models import Body
from inventory.actions import files

MAX_SIZE = 2**32 - 1  # CWMP's unsignedInt


class FileParameters(Body):
    """Which file the device is to fetch or to send."""

    firmware_image: (
        Annotated[
            Id,
            Field(description="Of download: an image's id; by default the one it should run."),
        ]
        | None
    ) = None
    url: (
        Annotated[
            Text,
            Field(
                max_length=files.MAX_URL,
                description="Of download and upload: another server's.",
                examples=["https://files.example.net/gateway-2.4.bin"],
            ),
        ]
        | None
    ) = None
    username: (
        Annotated[Text, Field(max_length=files.MAX_TEXT, description="At the url.")] | None
    ) = None
    password: (
        Annotated[
            RawText,
            Field(
                max_length=files.MAX_TEXT,
                description="At the url; never told again.",
                json_schema_extra={"writeOnly": True},
            ),
        ]
        | None
    ) = None
    file_size: (
        Annotated[Integer, Field(ge=0, le=MAX_SIZE, description="In bytes, at the url.")] | None
    ) = None
    file_type: (
        Annotated[
            Text,
            Field(
                min_length=1,
                max_length=files.MAX_FILE_TYPE,
                description="As CWMP names it.",
                examples=["1 Firmware Upgrade Image"],
            ),
        ]
        | None
    ) = None
    target_file_name: (
        Annotated[
            Text,
            Field(max_length=files.MAX_TEXT, description="Of download: its name on the device."),
        ]
        | None
    ) = None
    delay_seconds: (
        Annotated[
            Integer,
            Field(ge=0, le=files.MAX_DELAY_S, description="Before the device begins."),
        ]
        | None
    ) = None

    @property
    def file(self) -> dict[str, object]:
        """What was given of it."""
        given = self.given()
        return {name: given[name] for name in sorted(files.FIELDS & given.keys())}
