"""What still waits for a device, in the documented words and order."""

from inventory.records.devices import WAITING, Device


def settings(device: Device) -> str | None:
    """The words, comma-separated; None when nothing waits."""
    waiting = {kind for kind, bit in WAITING.items() if device.waiting & bit}
    words = {
        "firmware_update": device.firmware_image_is_pending,
        "reboot_pending": "reboot" in waiting or device.reboot_wanted is not None,
        "factory_pending": "factory" in waiting,
        "device_factory_pending": "device_factory" in waiting,
        "configuration_sync": "sync" in waiting or device.drift_since is not None,
        "reconfiguration": "reconf" in waiting,
        "configuration_change": device.settings_pending is not None,
    }
    return ",".join(word for word, holds in words.items() if holds) or None
