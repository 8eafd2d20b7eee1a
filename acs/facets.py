"""What the official schemas demand of a field besides its name, order, type and length.

The message declarations do not carry these, because nothing on the road of a session depends on
them: they serve the published schema and the judging of recorded messages. The rules of a
namespace are those of its last digit; ``cwmp-1-2`` holds CWMP 1.2, 1.3 and 1.4.
"""

from typing import Any

OFFICIAL = ("urn:dslforum-org:cwmp-1-0", "urn:dslforum-org:cwmp-1-1", "urn:dslforum-org:cwmp-1-2")

# The namespace in which a method first appears; all others are in each.
SINCE = {
    "AutonomousTransferComplete": 1,
    "GetAllQueuedTransfers": 1,
    "ScheduleDownload": 2,
    "CancelTransfer": 2,
    "ChangeDUState": 2,
    "DUStateChangeComplete": 2,
    "AutonomousDUStateChangeComplete": 2,
}

# Lists and repetitions that may not be empty.
AT_LEAST_ONE = {
    ("GetRPCMethodsResponse", "MethodList"),
    ("GetParameterValues", "ParameterNames"),
    ("GetParameterAttributes", "ParameterNames"),
    ("SetParameterAttributes", "ParameterList"),
    ("SetVouchers", "VoucherList"),
    ("ScheduleDownload", "TimeWindowList"),
    ("ChangeDUState", "Operations"),
    ("DUStateChangeComplete", "Results"),
    ("AutonomousDUStateChangeComplete", "Results"),
}

Facets = dict[tuple[str, str], dict[str, Any]]

_ZERO_OR_ONE = {"ge": 0, "le": 1}
_OBJECT = {"pattern": r".*\."}
_UUID = {"pattern": "[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}"}

_VENDOR = r"X [0-9A-F]{6} .*"
_DOWNLOADS = f"1 Firmware Upgrade Image|2 Web Content|3 Vendor Configuration File|{_VENDOR}"
_TRANSFERS = {"pattern": f"{_DOWNLOADS}|4 Vendor Log File"}
_NUMBERED = {"pattern": r"[1-9]\d*( \S+)+|X \S+ .+"}

_EVENTS = (
    "0 BOOTSTRAP|1 BOOT|2 PERIODIC|3 SCHEDULED|4 VALUE CHANGE|5 KICKED|6 CONNECTION REQUEST"
    "|7 TRANSFER COMPLETE|8 DIAGNOSTICS COMPLETE|9 REQUEST DOWNLOAD"
    rf"|M Reboot|M ScheduleInform|M Download|M Upload|M X_\S+|{_VENDOR}"
)
_FAULTS = {"ge": 8000, "le": 9899, "pattern": r"0*(8(00[0-5]|8\d\d)|9(00\d|01[0-3]|8\d\d))"}
_FAULTS_SINCE_1_1 = {"ge": 8000, "le": 9899, "pattern": r"0*[89][0-8]\d\d"}
_EXTENSIONS = r"90(3[3-9]|[4-9]\d)|9[1-8]\d\d"

_BY_MINOR: tuple[Facets, Facets, Facets] = (
    {
        ("DeviceIdStruct", "OUI"): {"pattern": "[0-9A-F]{6}"},
        ("EventStruct", "EventCode"): {"pattern": _EVENTS},
        ("ParameterAttributeStruct", "Notification"): {"ge": 0, "le": 2},
        ("SetParameterAttributesStruct", "Notification"): {"ge": 0, "le": 2},
        ("QueuedTransferStruct", "State"): {"ge": 1, "le": 3},
        ("AllQueuedTransferStruct", "State"): {"ge": 1, "le": 3},
        ("OptionStruct", "State"): {"ge": 0, "le": 3},
        ("OptionStruct", "Mode"): {"ge": 0, "le": 2},
        ("OptionStruct", "IsTransferable"): _ZERO_OR_ONE,
        ("AddObject", "ObjectName"): _OBJECT,
        ("DeleteObject", "ObjectName"): _OBJECT,
        ("AddObjectResponse", "InstanceNumber"): {"ge": 1},
        ("SetParameterValuesResponse", "Status"): _ZERO_OR_ONE,
        ("AddObjectResponse", "Status"): _ZERO_OR_ONE,
        ("DeleteObjectResponse", "Status"): _ZERO_OR_ONE,
        ("DownloadResponse", "Status"): _ZERO_OR_ONE,
        ("UploadResponse", "Status"): _ZERO_OR_ONE,
        ("Download", "FileType"): {"pattern": _DOWNLOADS},
        ("RequestDownload", "FileType"): {"pattern": _DOWNLOADS},
        ("Upload", "FileType"): {
            "pattern": f"1 Vendor Configuration File|2 Vendor Log File|{_VENDOR}"
        },
        ("FaultStruct", "FaultCode"): {"le": 9899, "pattern": r"0+|0*(9001|9002|901[0-2])"},
        ("Fault", "FaultCode"): _FAULTS,
        ("SetParameterValuesFault", "FaultCode"): _FAULTS,
        ("SetParameterValuesFault", "FaultString"): {"min_occurs": 0},
    },
    {
        ("EventStruct", "EventCode"): {"pattern": rf"\d+( \S+)+|M \S+|{_VENDOR}"},
        ("FaultStruct", "FaultCode"): {
            "le": 9899,
            "pattern": r"0+|0*(9001|9002|901[0-24-9]|90[2-9]\d|9[1-8]\d\d)",
        },
        ("Fault", "FaultCode"): _FAULTS_SINCE_1_1,
        ("SetParameterValuesFault", "FaultCode"): _FAULTS_SINCE_1_1,
        ("AllQueuedTransferStruct", "FileType"): _TRANSFERS,
        ("AutonomousTransferComplete", "FileType"): _TRANSFERS,
    },
    {
        ("EventStruct", "EventCode"): {"pattern": r"\d+( \S+)+|M \S+|X \S+ .+"},
        ("ParameterAttributeStruct", "Notification"): {"ge": 0, "le": 6},
        ("SetParameterAttributesStruct", "Notification"): {"ge": 0, "le": 6},
        ("FaultStruct", "FaultCode"): {
            "le": 9899,
            "pattern": rf"0+|0*(9001|9002|901[0-24-9]|9020|{_EXTENSIONS})",
        },
        ("DeploymentUnitFaultStruct", "FaultCode"): {
            "le": 9899,
            "pattern": rf"0+|0*(900[13]|901[235-8]|902[2-9]|903[0-2]|{_EXTENSIONS})",
        },
        ("Download", "FileType"): _NUMBERED,
        ("Upload", "FileType"): _NUMBERED,
        ("RequestDownload", "FileType"): _NUMBERED,
        ("ScheduleDownload", "FileType"): _NUMBERED,
        ("AllQueuedTransferStruct", "FileType"): _NUMBERED,
        ("AutonomousTransferComplete", "FileType"): _NUMBERED,
        ("TimeWindowStruct", "WindowMode"): _NUMBERED,
        ("InstallOpStruct", "UUID"): _UUID,
        ("UpdateOpStruct", "UUID"): _UUID,
        ("UninstallOpStruct", "UUID"): _UUID,
        ("OpResultStruct", "UUID"): _UUID,
        ("OpResultStruct", "CurrentState"): {"pattern": "Installed|Uninstalled|Failed"},
    },
)


def minor(namespace: str) -> int:
    """0, 1 or 2: whose rules hold. The unofficial 1-3 and 1-4 of the field follow those of 1-2."""
    last = namespace.rpartition("-")[2]
    return min(int(last), 2) if last.isdecimal() else 0


def facets(namespace: str) -> Facets:
    """By structure and field; each version keeps what it does not widen."""
    found: Facets = {}
    for step in _BY_MINOR[: minor(namespace) + 1]:
        found |= step
    return found
