"""What a device's ParameterKey says about its configuration (TR-069 A.3.2.1).

Every request that changes a device carries a key of its own, and the device shows the last one it
stored in each Inform. So the key tells whether an unanswered request was applied, whether somebody
else has changed the device, and whether it was reset. Some devices never store it: one confirmed
miss marks them, and they are judged by reading instead.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Keys:
    """``keeps`` is None until the device has shown whether it stores a key."""

    confirmed: str | None = None
    outstanding: str | None = None
    reported: str | None = None
    keeps: bool | None = None
    drift_since: float | None = None


def is_settled(keys: Keys, reported: str | None) -> bool:
    """Whether an Inform with this key can tell nothing new."""
    if keys.outstanding is not None:
        return False
    if reported is None or keys.keeps is False or keys.confirmed is None:
        return True
    return keys.keeps is True and (reported == keys.confirmed or keys.drift_since is not None)


def after_inform(keys: Keys, reported: str | None, now: float) -> Keys:
    """The keys after an Inform that showed ``reported`` (None: it showed none)."""
    if reported is None:
        return keys
    seen = replace(keys, reported=reported)
    if keys.outstanding is not None and reported == keys.outstanding:
        # Whatever somebody else has changed before, this request has not made good.
        return replace(seen, confirmed=reported, outstanding=None, keeps=True)
    if keys.confirmed is None or keys.keeps is False:
        return seen
    if reported == keys.confirmed:
        return replace(seen, keeps=True)
    if not is_foreign(keys, reported):
        return replace(seen, keeps=False)
    return replace(seen, drift_since=keys.drift_since or now)


def is_foreign(keys: Keys, reported: str | None) -> bool:
    """Whether the key was stored by somebody else's request, as far as the device stores any."""
    if reported is None or keys.confirmed is None or keys.keeps is False:
        return False
    if reported in {keys.confirmed, keys.outstanding}:
        return False
    return keys.keeps is True or reported != (keys.reported or "")


def after_reset(keys: Keys, reported: str | None) -> Keys:
    """The keys after a BOOTSTRAP that really was a reset."""
    return Keys(reported=reported, keeps=keys.keeps)


def shows_reset(keys: Keys, reported: str | None) -> bool:
    """Whether a BOOTSTRAP means that the configuration is gone.

    A device that still shows the key that we confirmed has only met a new ACS URL, or is one of
    those that send BOOTSTRAP at every boot.
    """
    return not reported or reported not in {keys.confirmed, keys.outstanding}
