"""What is printed on one device: who it is, and the credentials and addresses that are its own."""

import hashlib
from dataclasses import dataclass

from acs.cwmp.messages import DeviceIdStruct

WAN_ADDRESSES = (
    "IP.Interface.1.IPv4Address.1.IPAddress",
    "WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.ExternalIPAddress",
)


@dataclass(frozen=True, slots=True)
class Label:
    """The identity toward the ACS."""

    manufacturer: str
    oui: str
    product_class: str
    serial_number: str

    @property
    def device_id(self) -> DeviceIdStruct:
        return DeviceIdStruct(self.manufacturer, self.oui, self.product_class, self.serial_number)

    @property
    def values(self) -> dict[str, str]:
        """Parameters below the root that differ from device to device, always the same for one."""
        digest = hashlib.sha256(f"{self.oui}-{self.serial_number}".encode()).digest()
        # The shared address space of carriers (RFC 6598), as behind a provider's NAT.
        address = f"100.{64 + digest[0] % 64}.{digest[1]}.{digest[2]}"
        return dict.fromkeys(WAN_ADDRESSES, address) | {
            "DeviceInfo.Manufacturer": self.manufacturer,
            "DeviceInfo.ManufacturerOUI": self.oui,
            "DeviceInfo.ProductClass": self.product_class,
            "DeviceInfo.SerialNumber": self.serial_number,
            "ManagementServer.ConnectionRequestUsername": f"{self.oui}-{self.serial_number}",
            "ManagementServer.ConnectionRequestPassword": digest.hex()[:16],
        }
