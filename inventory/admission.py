"""Whether a CPE is who it says it is.

The device's own credentials come first, then its type's, then the ones that the server shares with
all. Whoever has credentials demands them; with none anywhere a device is let in without. The older
pair of a device stays valid until the newer one has been proved. A device that was just reset holds
its factory credentials: the onboarding ones of its type are accepted on BOOTSTRAP, by policy or
because a person has approved it, and for an hour after that, until it has proved its own pair. That
is set on it again, or made for it (:mod:`inventory.credentials`). What a vendor has published opens
nothing for longer, takes no other pair's place, and never obtains a secret that others share.
"""

from dataclasses import dataclass
from typing import Protocol

from inventory.errors import Unauthenticated, WrongCredentials
from inventory.secrets import Vault
from inventory.store import Row

NONE_OF_ITS_OWN = ""
"""Stands sealed as the previous password of a device that had no credentials of its own."""

ONBOARDING_S = 3600.0
"""How long a device that was let in by onboarding credentials has to take the pair it is given."""


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

    by_new_password: bool = False  # the newest pair: the older one can go
    by_older_password: bool = False  # it has not taken the newest yet, or has lost it
    by_onboarding: bool = False  # by policy or a person
    by_recent_onboarding: bool = False  # it has been let in by that, and is not done yet


@dataclass(frozen=True, slots=True)
class Demand:
    """The credentials that a device is to show, in clear."""

    username: str
    password: str

    def is_met(self, proof: Proof | None) -> bool:
        return proof is not None and proof.username == self.username and proof.verify(self.password)


def demand(row: Row, vault: Vault, shared: Shared | None) -> Demand | None:
    """What is demanded of the device with this record; None where nothing is."""
    if row["password"] is not None:
        return _opened(row["username"], row["password"], vault)
    return _demand_of_all(row, vault, shared)


def admit(
    row: Row,
    proof: Proof | None,
    vault: Vault,
    shared: Shared | None,
    *,
    is_bootstrap: bool,
    is_reset_expected: bool,
    is_approved: bool = False,
    is_being_onboarded: bool = False,
) -> Admission:
    """Lets the CPE in, or raises Unauthenticated; ``row`` is its record.

    ``is_approved``: a person has let it in by onboarding credentials, whatever the policy is;
    ``is_being_onboarded``: it was let in by them within the last hour.
    """
    demanded = demand(row, vault, shared)
    if demanded is not None and demanded.is_met(proof):
        return Admission(by_new_password=_has_waited_for_proof(row))
    older = _older(row, vault)
    if older is not None and older.password == NONE_OF_ITS_OWN:  # its first own ones are on the way
        demanded = _demand_of_all(row, vault, shared)
        if demanded is not None and demanded.is_met(proof):
            return Admission()
    elif older is not None and older.is_met(proof):
        return Admission(by_older_password=True)
    shows_onboarding = (is_bootstrap or is_being_onboarded) and _onboards(row, proof, vault)
    is_onboarding = is_bootstrap and shows_onboarding
    if is_onboarding and (demanded is None or is_approved or _allows(row, is_reset_expected)):
        return Admission(by_onboarding=True)
    if shows_onboarding and is_being_onboarded:
        return Admission(by_recent_onboarding=True)
    if demanded is None:
        return Admission()
    if proof is None:
        raise Unauthenticated("no credentials")
    raise WrongCredentials(row["id"], is_onboarding=is_onboarding)


def _has_waited_for_proof(row: Row) -> bool:
    return row["previous_password"] is not None or row["onboarded"] is not None


def _demand_of_all(row: Row, vault: Vault, shared: Shared | None) -> Demand | None:
    """What is demanded of a device without credentials of its own."""
    if row["type_password"] is not None:
        return _opened(row["type_username"], row["type_password"], vault)
    return None if shared is None else Demand(shared.username, shared.password)


def _older(row: Row, vault: Vault) -> Demand | None:
    if row["previous_password"] is None:
        return None
    return _opened(row["previous_username"], row["previous_password"], vault)


def _onboards(row: Row, proof: Proof | None, vault: Vault) -> bool:
    sealed = row["onboarding_password"]
    return sealed is not None and _opened(row["onboarding_username"], sealed, vault).is_met(proof)


def _allows(row: Row, is_reset_expected: bool) -> bool:
    policy = row["onboarding_policy"]
    return policy == "open" or (policy == "expected" and is_reset_expected)


def _opened(username: str | None, sealed: bytes, vault: Vault) -> Demand:
    return Demand(username or "", vault.open(sealed))
