"""URLs that devices are sent to fetch or to send a file."""

import re

# Without user and password in it (A.3.2.8). Which schemes it bears is for the device to say.
_HOST = r"[!-\"$-.0->A-~]+"  # printable, but none of # / ? @
_URL = re.compile(rf"[a-z][a-z0-9+.-]*://{_HOST}(?:[/?#][!-~]*)?", re.IGNORECASE)

NOT_FOR_DEVICES = "Enter a valid URL, without user name and password."


def is_for_devices(url: str) -> bool:
    return _URL.fullmatch(url) is not None
