"""The WSDL of the ACS at ``/acs?wsdl``, as spyne writes it, with each caller's address put in."""

from functools import cache
from xml.sax.saxutils import escape

_ADDRESS = "http://acs.invalid/acs"


def wsdl(url: str) -> bytes:
    """The description of the ACS at ``url``, in UTF-8.

    The first call loads spyne and takes some tenths of a second: make it in a thread.
    """
    address = escape(url, {'"': "&quot;"})
    return _description().replace(_ADDRESS.encode(), address.encode("ascii", "xmlcharrefreplace"))


@cache
def _description() -> bytes:
    # A server that nobody asks for its WSDL does without spyne and the memory it takes.
    from acs.description import describe  # noqa: PLC0415

    return describe(_ADDRESS)
