"""Whether a CPE is who it says it is.

The device's own credentials come first, then its type's, then the ones that the server shares with
all. Whoever has credentials demands them; with none anywhere a device is let in without. The older
pair of a device stays valid until the newer one has been proved. A device that was just reset holds
its factory credentials: the onboarding ones of its type are accepted on BOOTSTRAP, by policy.
"""

from dataclasses import dataclass
from typing import Protocol

from inventory.errors import Unauthenticated
from inventory.secrets import Vault
from inventory.store import Row

NONE_OF_ITS_OWN = ""
"""Stands sealed as the previous password of a device that had no credentials of its own."""


class Proof(Protocol):
    """Credentials as the CPE sent them."""

    @property
    def username(self) -> str: ...

    def verify(self, password: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Shared:
    """Credentials that every device may use."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Admission:
    """How the CPE was let in."""

    by_new_password: bool = False  # the device's own newest pair: the older one can go
    by_onboarding: bool = False


def admit(
    row: Row,
    proof: Proof | None,
    vault: Vault,
    shared: Shared | None,
    *,
    is_bootstrap: bool,
    is_reset_expected: bool,
) -> Admission:
    """Lets the CPE in, or raises Unauthenticated; ``row`` is its record."""
    if row["password"] is not None:
        try:
            return _admit_own(row, proof, vault, is_bootstrap, is_reset_expected)
        except Unauthenticated:
            if not _had_none_of_its_own(row, vault):
                raise
    if row["type_password"] is not None:
        _demand(proof, row["type_username"] or "", vault.open(row["type_password"]))
        return Admission()
    if shared is not None:
        _demand(proof, shared.username, shared.password)
    return Admission()


def _had_none_of_its_own(row: Row, vault: Vault) -> bool:
    """Whether the device is still to be given the first credentials of its own."""
    sealed = row["previous_password"]
    return sealed is not None and vault.open(sealed) == NONE_OF_ITS_OWN


def _admit_own(
    row: Row, proof: Proof | None, vault: Vault, is_bootstrap: bool, is_reset_expected: bool
) -> Admission:
    if proof is None:
        raise Unauthenticated("no credentials")
    if _fits(proof, row["username"], row["password"], vault):
        return Admission(by_new_password=row["previous_password"] is not None)
    if _fits(proof, row["previous_username"], row["previous_password"], vault):
        return Admission()
    policy = row["onboarding_policy"] or "open"
    allowed = policy == "open" or (policy == "expected" and is_reset_expected)
    if (
        is_bootstrap
        and allowed
        and _fits(proof, row["onboarding_username"], row["onboarding_password"], vault)
    ):
        return Admission(by_onboarding=True)
    raise Unauthenticated("wrong credentials")


def _fits(proof: Proof, username: str | None, sealed: bytes | None, vault: Vault) -> bool:
    if sealed is None or proof.username != (username or ""):
        return False
    return proof.verify(vault.open(sealed))


def _demand(proof: Proof | None, username: str, password: str) -> None:
    if proof is None or proof.username != username or not proof.verify(password):
        raise Unauthenticated("no credentials" if proof is None else "wrong credentials")
