"""An order for several devices, which is one thing wherever it is seen and told.

Its first operation stands for it, with the state and the progress of all that belong to it
(``inventory.records.history``). The others are operations of their own as well, each one device's.
"""

from collections.abc import Mapping
from typing import Any

from inventory.records.history import Together

FAILURES = "device_failures"


def error(together: Together) -> Mapping[str, Any] | None:
    """Why it failed, as an operation's row would hold it."""
    if together.state != "failed":
        return None
    failed = together.total - together.completed
    message = f"{failed} of {together.total} devices failed."
    return {"code": FAILURES, "message": message, "parameters": {}}
