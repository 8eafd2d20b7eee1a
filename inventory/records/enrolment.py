"""SQL of enrolment: connection-request credentials and the interval of a device."""

from inventory.errors import NotFound
from inventory.store import Row, Transaction


def renew_request_credentials(
    tx: Transaction, device_id: int, username: str, password: bytes
) -> None:
    """The newest password becomes the previous one; a user name, once given, stays."""
    tx.run(
        """UPDATE devices SET previous_request_password = request_password,
               request_username = COALESCE(request_username, :username),
               request_password = :password
           WHERE id = :id""",
        id=device_id,
        username=username,
        password=password,
    )


def wanted(tx: Transaction, device_id: int) -> Row:
    row = tx.one(
        """SELECT d.uuid, d.unique_identifier, d.request_username, d.request_password,
               d.update_frequency, t.update_frequency AS type_update_frequency
           FROM devices AS d LEFT JOIN device_types AS t ON t.id = d.type_id
           WHERE d.id = :id""",
        id=device_id,
    )
    if row is None:
        raise NotFound("device", device_id)
    return row
