"""The field errors of one body, gathered so that the caller is told all of them at once."""

from inventory.errors import Invalid

REQUIRED = "This field is required."


class Complaints:
    def __init__(self) -> None:
        self._fields: dict[str, list[str]] = {}

    def about(self, field: str, text: str) -> None:
        self._fields.setdefault(field, []).append(text)

    def raise_any(self) -> None:
        """Raises Invalid when there was anything to complain about."""
        if self._fields:
            raise Invalid(self._fields)


def no_such(key: object) -> str:
    """The documented words for an id that leads nowhere."""
    return f'Invalid pk "{key}" - object does not exist.'


def taken(what: str, field: str) -> str:
    """The documented words for a value that must be unique and is not."""
    return f"{what} with this {field} already exists."
