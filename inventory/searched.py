"""The parameters that the whole fleet can be searched by: the few that people ask for.

Each value of each device costs an index row, so the list is short; other searches read everything
and are work for the background.
"""

import re

_INSTANCE = re.compile(r"(?<=\.)(?:[0-9]+|\*|\[[^\]]*\])(?=\.)")

LONGEST_SEARCHED = 256  # characters; longer values are not searched by

SEARCHED = frozenset(
    {
        "InternetGatewayDevice.DeviceInfo.ModelName",
        "InternetGatewayDevice.DeviceInfo.ProvisioningCode",
        "InternetGatewayDevice.LANDevice.{i}.LANEthernetInterfaceConfig.{i}.MACAddress",
        "InternetGatewayDevice.LANDevice.{i}.WLANConfiguration.{i}.BSSID",
        "InternetGatewayDevice.LANDevice.{i}.WLANConfiguration.{i}.SSID",
        "InternetGatewayDevice.Services.VoiceService.{i}.VoiceProfile.{i}.Line.{i}.DirectoryNumber",
        "InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.ExternalIPAddress",
        "InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.MACAddress",
        "InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}.WANPPPConnection.{i}.ExternalIPAddress",
        "InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}.WANPPPConnection.{i}.MACAddress",
        "InternetGatewayDevice.WANDevice.{i}.WANConnectionDevice.{i}.WANPPPConnection.{i}.Username",
        "Device.DeviceInfo.ModelName",
        "Device.DeviceInfo.ProvisioningCode",
        "Device.Ethernet.Interface.{i}.MACAddress",
        "Device.Ethernet.Link.{i}.MACAddress",
        "Device.IP.Interface.{i}.IPv4Address.{i}.IPAddress",
        "Device.IP.Interface.{i}.IPv6Address.{i}.IPAddress",
        "Device.PPP.Interface.{i}.Username",
        "Device.Services.VoiceService.{i}.CallControl.Line.{i}.DirectoryNumber",
        "Device.WiFi.SSID.{i}.BSSID",
        "Device.WiFi.SSID.{i}.SSID",
    }
)
_LAST = frozenset(path.rpartition(".")[2] for path in SEARCHED)


def is_searched(path: str) -> bool:
    """Whether the parameter is in the list; instances may be numbers or ``*``."""
    return path.rpartition(".")[2] in _LAST and _INSTANCE.sub("{i}", path) in SEARCHED
