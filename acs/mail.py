"""Sends notifications by mail, over the mail server of the settings."""

import asyncio
import json
import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from acs.config import SmtpSettings
from inventory.deliveries import Delivery, Outcome

TIMEOUT_S = 10.0
PERMANENT = range(500, 600)  # RFC 5321: the same mail would be refused again
NOT_SET_UP = "No mail server is set (ACS_SMTP_HOST)."


class Mailer:
    """Speaks SMTP in a thread of its own for each mail."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings

    async def send(self, delivery: Delivery, now: float) -> Outcome:  # noqa: ARG002
        """One attempt; never raises for the peer."""
        if self._settings.host is None:
            return Outcome(NOT_SET_UP, is_unsent=True)
        try:
            await asyncio.to_thread(self._speak, self._settings.host, self._written(delivery))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            return _refused(max(codes, default=450), "the receiver is refused")
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, type(error).__name__)
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(f"The mail server cannot be reached: {type(error).__name__}.")
        return Outcome()

    def _written(self, delivery: Delivery) -> EmailMessage:
        told = json.loads(delivery.body)
        mail = EmailMessage()
        mail["From"], mail["To"] = self._settings.sender, delivery.target
        mail["Message-ID"] = f"<{delivery.key}@cwmp-acs>"
        mail["Subject"] = _subject(told)
        mail.set_content("\n".join(_lines(told)))
        return mail

    def _speak(self, host: str, mail: EmailMessage) -> None:
        settings = self._settings
        with smtplib.SMTP(host, settings.port, timeout=TIMEOUT_S) as server:
            if settings.starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.username is not None and settings.password is not None:
                server.login(settings.username, settings.password.get_secret_value())
            server.send_message(mail)


def _lines(told: Mapping[str, Any]) -> list[str]:
    """What is known, and below it what became of each of several devices."""
    results = told.get("results") or ()
    facts = {field: value for field, value in told.items() if field != "results"}
    lines = [f"{field}: {value}" for field, value in facts.items() if value is not None]
    return lines + [f"{each['device_name']}: {each['status']}" for each in results]


def _subject(told: Mapping[str, Any]) -> str:
    """What has ended, on which device or how many, and how."""
    if "operation_type" in told:
        failed, total = told["failed_devices"], told["total_devices"]
        return f"{told['operation_type']}: {told['status']}, {failed} of {total} devices failed"
    results = told.get("results")
    name = " ".join(str(told["device_name"]).split())
    whom = f"{len(results)} devices" if results else name
    return f"{told['operation']} on {whom}: {told['status']}"


def _refused(code: int, text: str) -> Outcome:
    message = f"The mail server answered {code}: {text}."
    return Outcome(message, code, is_hopeless=code in PERMANENT)
