"""Messages as real devices write them (``tests/wire``, all values invented), and what is read.

One row for each error that is forgiven: the bytes, what they mean, and the names under which the
envelope tells what was forgiven.
"""

from pathlib import Path

import pytest

from acs.cwmp import leniency as forgiven
from acs.cwmp import messages as m
from acs.cwmp.codec import decode, encode
from acs.cwmp.faults import MalformedMessage

WIRE = Path(__file__).parents[2] / "wire"

EVERYTHING_RIGHT = ()

DEVICE = m.DeviceIdStruct("Example", "0011AB", "Box", "SN0001")


def inform(**changes) -> m.Inform:
    """The Inform that most recordings hold."""
    usual = {
        "device_id": DEVICE,
        "event": (m.EventStruct("2 PERIODIC"),),
        "current_time": "2024-05-06T07:08:09Z",
        "parameter_list": (m.ParameterValueStruct("Device.DeviceInfo.SoftwareVersion", "1.0"),),
    }
    return m.Inform(**{**usual, **changes})


def values(*parameters: tuple[str, ...]) -> m.GetParameterValuesResponse:
    return m.GetParameterValuesResponse(tuple(m.ParameterValueStruct(*p) for p in parameters))


A_IS_1 = values(("Device.A", "1"))

READ = [
    ("single-quotes-no-header.xml", EVERYTHING_RIGHT, inform(
        event=(m.EventStruct("1 BOOT"),),
        current_time="2024-05-06T07:08:09+00:00",
        parameter_list=(m.ParameterValueStruct("Device.RootDataModelVersion", "2.11"),),
    )),
    ("must-understand-in-the-encoding-namespace.xml", EVERYTHING_RIGHT, inform()),
    ("empty-header.xml", EVERYTHING_RIGHT, inform()),
    ("constant-id-of-another-request.xml", EVERYTHING_RIGHT, m.RebootResponse()),
    ("values-without-type.xml", (forgiven.MISSING_TYPE,), values(
        ("Device.DeviceInfo.UpTime", "77"), ("Device.DeviceInfo.ModelName", "Box 7"))),
    ("value-missing.xml", (forgiven.MISSING_ELEMENT,), values(
        ("Device.DeviceInfo.DeviceLog", ""), ("Device.DeviceInfo.ModelName", "Box 7"))),
    ("odd-types.xml", (forgiven.ODD_TYPE,), values(
        ("Device.X_0", '{"a":1}', "string"),
        ("Device.X_1", "a", "string"),
        ("Device.X_2", "b", "string"),
        ("Device.X_3", "c", "string"),
        ("Device.X_4", " d ", "string"),
        ("Device.X_5", "4", "unsignedInt"),
        ("Device.X_6", "-5", "int"),
        ("Device.X_7", "", "string"),
        ("Device.X_8", "e", "string"),
        ("Device.X_9", "AQ==", "base64Binary"),
        ("Device.X_10", "Ag==", "base64Binary"),
    )),
    ("array-counts-wrong.xml", (forgiven.ARRAY_COUNT,), inform(parameter_list=(
        m.ParameterValueStruct("Device.A", "1"), m.ParameterValueStruct("Device.B", "2")))),
    ("array-type-missing.xml", (forgiven.ARRAY_COUNT,), A_IS_1),
    ("lists-typed-as-arrays.xml", EVERYTHING_RIGHT, inform(
        parameter_list=(m.ParameterValueStruct("Device.A", "1"),))),
    ("encoding-namespace-without-slash.xml", (forgiven.ARRAY_COUNT,), inform()),
    ("cwmp-namespace-on-the-method.xml", (forgiven.UNDECLARED_PREFIX,), inform()),
    ("cwmp-namespace-wrong.xml", (forgiven.CWMP_NAMESPACE,), inform()),
    ("cwmp-1-4.xml", EVERYTHING_RIGHT, inform()),
    ("three-cwmp-namespaces.xml", (forgiven.QUALIFIED_ELEMENT,), inform(
        device_id=m.DeviceIdStruct("Example", "0011AB", "Cell", "SN0002"))),
    ("default-namespace-inherited.xml", (forgiven.QUALIFIED_ELEMENT,), values(
        ("Device.A", "1", "int"), ("Device.B", "2", "int"))),
    ("control-bytes.xml", (forgiven.CONTROL_CHARACTERS,), values(("Device.A", "abcd"))),
    ("nul-padding.xml", (forgiven.CONTROL_CHARACTERS,), m.RebootResponse()),
    ("bare-ampersand.xml", (forgiven.BARE_AMPERSAND,), m.AutonomousTransferComplete(
        transfer_url="http://files.example.net/get?a=1&b=2&c=3&nbsp;",
        is_download=True,
        file_type="1 Firmware Upgrade Image",
        file_size=12,
        target_file_name="a & b",
        start_time="2024-05-06T07:08:09Z",
        complete_time="2024-05-06T07:09:09Z",
    )),
    ("byte-ff-in-a-value.xml", (forgiven.BAD_BYTES,), values(("Device.A", "café ÿ"))),
    ("latin-1-labelled-utf-8.xml", (forgiven.BAD_BYTES,), values(("Device.A", "Küche"))),
    ("gb2312-declared.xml", EVERYTHING_RIGHT, values(("Device.A", "厨房"))),
    ("multi-line-declaration.xml", EVERYTHING_RIGHT, m.RebootResponse()),
    ("blank-line-before-the-declaration.xml", (forgiven.TEXT_BEFORE_DECLARATION,),
     m.RebootResponse()),
    ("pretty-printed.xml", (forgiven.PADDED_NAME,), values(
        ("Device.A", "\n        padded\n      "))),
    ("inform-in-disorder.xml", (forgiven.MISSING_ELEMENT,), inform(
        event=(m.EventStruct(""), m.EventStruct("4 VALUE CHANGE")), retry_count=3)),
    ("double-escaped.xml", EVERYTHING_RIGHT, values(("Device.A", "a &amp; b"))),
    ("fault-without-detail.xml", (forgiven.FAULT_WITHOUT_DETAIL,),
     m.Fault(9002, "Something went wrong")),
    ("fault-with-empty-detail.xml", (forgiven.FAULT_WITHOUT_DETAIL,), m.Fault(9002, "CWMP fault")),
    ("fault-with-several-details.xml", (forgiven.FAULT_IN_WRONG_PLACE,),
     m.Fault(9005, "Invalid parameter name")),
    ("fault-code-directly-in-detail.xml",
     (forgiven.FAULT_IN_WRONG_PLACE, forgiven.QUALIFIED_ELEMENT), m.Fault(9001, "Request denied")),
    ("fault-without-header.xml", EVERYTHING_RIGHT, m.Fault(9000, "Method not supported")),
    ("fault-with-refused-parameters.xml", (forgiven.PADDED_NAME,), m.Fault(
        9003,
        "Invalid arguments",
        (
            m.SetParameterValuesFault("Device.A", 9005, "no such thing: Device.A <here>"),
            m.SetParameterValuesFault("Device.B", 9007, ""),
        ),
    )),
    ("empty-parameter-list.xml", EVERYTHING_RIGHT, values()),
    ("empty-id-and-manufacturer.xml", EVERYTHING_RIGHT, inform(
        device_id=m.DeviceIdStruct("", "0011AB", "Box", "SN0001"))),
    ("inform-without-events.xml", EVERYTHING_RIGHT, inform(
        event=(), current_time="2024-05-06T07:08:09", retry_count=12)),
    ("inform-with-unreadable-numbers.xml",
     (forgiven.UNREADABLE_NUMBER, forgiven.MISSING_TIME), inform(current_time=m.UNKNOWN_TIME)),
    ("inform-of-the-year-1.xml", EVERYTHING_RIGHT, inform(
        max_envelopes=10, current_time="0001-01-01T00:01:03")),
    ("inform-with-ctime.xml", EVERYTHING_RIGHT, inform(
        event=(m.EventStruct("1 Boot"),), max_envelopes=0, current_time="Mon May  6 07:08:09 2024"
    )),
    ("vendor-events.xml", (forgiven.PADDED_NAME,), inform(event=(
        m.EventStruct("0 BOOTSTRAP", "key"),
        m.EventStruct("X CT-COM BIND"),
        m.EventStruct("X 0011AB Alarm"),
    ))),
    ("names-with-odd-writable.xml", (forgiven.UNREADABLE_BOOLEAN, forgiven.ODD_BOOLEAN),
     m.GetParameterNamesResponse(tuple(
         m.ParameterInfoStruct(f"Device.A{n}", writable)
         for n, writable in enumerate((True, True, True, False, False))))),
    ("failed-transfer.xml", EVERYTHING_RIGHT, m.TransferComplete(
        "", m.FaultStruct(9010, "Download failure"), m.UNKNOWN_TIME, "0001-01-01T00:00:00")),
    ("prefix-with-underscore.xml", EVERYTHING_RIGHT, m.GetRPCMethods()),
    ("undeclared-prefixes.xml",
     (forgiven.UNDECLARED_PREFIX, forgiven.ENVELOPE_NAMESPACE, forgiven.ARRAY_COUNT,
      forgiven.TYPE_NAMESPACE, forgiven.CWMP_NAMESPACE), values(("Device.A", "1", "boolean"))),
    ("envelope-without-namespace.xml", (forgiven.ENVELOPE_NAMESPACE, forgiven.CWMP_NAMESPACE),
     m.TransferCompleteResponse()),
    ("xsi-of-1999.xml", (forgiven.TYPE_NAMESPACE,), values(("Device.A", "5", "unsignedInt"))),
    ("names-without-root.xml", EVERYTHING_RIGHT, m.GetParameterNamesResponse((
        m.ParameterInfoStruct("DeviceInfo.", writable=False),))),
    ("add-object-failed-by-status.xml", (forgiven.MISSING_ELEMENT,),
     m.AddObjectResponse(instance_number=0, status=9005)),
    ("set-answered-with-a-list.xml", EVERYTHING_RIGHT, m.SetParameterValuesResponse(0)),
    ("vendor-method.xml", EVERYTHING_RIGHT, m.UnknownMethod("X_0011AB_Announce")),
    ("members-called-item.xml", EVERYTHING_RIGHT, A_IS_1),
]  # fmt: skip

BY_CONTENT_TYPE = ["latin-1-by-content-type.xml", "utf-8-by-content-type-declared-latin-1.xml"]
REFUSED = ["not-xml.html", "not-xml.form"]


def wire(name: str) -> bytes:
    return (WIRE / name).read_bytes()


@pytest.mark.parametrize(("name", "notes", "message"), READ, ids=[name for name, _, _ in READ])
def test_a_device_is_understood_and_its_error_named(name, notes, message):
    envelope = decode(wire(name))
    assert envelope.body == message
    assert set(envelope.notes) == set(notes)


def test_every_recording_is_read_by_a_test():
    known = {name for name, _, _ in READ} | set(BY_CONTENT_TYPE) | set(REFUSED)
    assert {path.name for path in WIRE.iterdir() if path.is_file()} == known


def test_every_name_of_an_error_is_needed_by_a_recording():
    seen = {note for _, notes, _ in READ for note in notes} | {forgiven.CHARSET_CONFLICT}
    names = {value for name, value in vars(forgiven).items() if name.isupper() and name[0] != "_"}
    assert {name for name in names if isinstance(name, str)} == seen


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_xml_is_malformed(name):
    with pytest.raises(MalformedMessage):
        decode(wire(name))


def test_the_content_type_names_the_charset():
    assert decode(wire("latin-1-by-content-type.xml"), "ISO-8859-1").body == values(
        ("Device.A", "Küche")
    )


def test_the_content_type_goes_before_the_declaration():
    envelope = decode(wire("utf-8-by-content-type-declared-latin-1.xml"), '"UTF-8"')
    assert envelope.body == values(("Device.A", "Küche"))
    assert envelope.notes == (forgiven.CHARSET_CONFLICT,)


def test_a_content_type_that_does_not_fit_the_bytes_gives_way_to_the_declaration():
    envelope = decode(wire("gb2312-declared.xml"), "utf-8")
    assert envelope.body == values(("Device.A", "厨房"))
    assert envelope.notes == (forgiven.CHARSET_CONFLICT,)


@pytest.mark.parametrize("charset", ["", "x" * 9000, "zip", "utf-7", "idna", "\0", "utf-8;", "é"])
def test_a_charset_that_is_none_is_passed_over(charset):
    assert decode(wire("prefix-with-underscore.xml"), charset).body == m.GetRPCMethods()


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "gb18030", "shift_jis", "cp1252"])
def test_other_charsets_are_read_when_they_are_named(charset):
    text = wire("members-called-item.xml").decode().partition("?>")[2]
    assert decode(text.encode(charset), charset).body == A_IS_1


NO_MESSAGE = "<FaultString></FaultString>"
DISK_FULL = "<FaultString>Disk full</FaultString>"


def ended(fault_struct):
    """A TransferComplete with this inside."""
    body = wire("failed-transfer.xml").decode()
    start, _, rest = body.partition("<FaultStruct>")
    return decode(f"{start}{fault_struct}{rest.partition('</FaultStruct>')[2]}".encode()).body


@pytest.mark.parametrize("code", ["abc", "-1", "99999999999", "0x2332", "9010.5"])
@pytest.mark.parametrize("told", [NO_MESSAGE, DISK_FULL, ""])
def test_a_fault_code_that_cannot_be_read_is_a_fault_all_the_same(code, told):
    ending = ended(f"<FaultStruct><FaultCode>{code}</FaultCode>{told}</FaultStruct>").fault_struct
    assert ending.fault_code == forgiven.SYNTHETIC_FAULT
    assert ending.fault_string == ("Disk full" if told == DISK_FULL else "")


@pytest.mark.parametrize(
    "code", ["<FaultCode></FaultCode>", "<q:FaultCode xmlns:q='q'> </q:FaultCode>", ""]
)
def test_a_fault_that_has_a_text_alone_is_a_fault(code):
    ending = ended(f"<FaultStruct>{code}{DISK_FULL}</FaultStruct>").fault_struct
    assert (ending.fault_code, ending.fault_string) == (forgiven.SYNTHETIC_FAULT, "Disk full")


@pytest.mark.parametrize(
    "fault_struct",
    [
        "",
        "<FaultStruct/>",
        f"<FaultStruct><FaultCode/>{NO_MESSAGE}</FaultStruct>",
        f"<FaultStruct><FaultCode>0</FaultCode>{NO_MESSAGE}</FaultStruct>",
        "<FaultStruct><FaultCode> 0 </FaultCode><FaultString>OK</FaultString></FaultStruct>",
    ],
)
def test_a_fault_that_says_nothing_or_0_is_success(fault_struct):
    assert ended(fault_struct).fault_struct.fault_code == 0


def test_ids_are_kept_as_written_and_missing_ones_stay_missing():
    ids = {name: decode(wire(name)).id for name, _, _ in READ}
    assert ids["three-cwmp-namespaces.xml"] == "9"
    assert ids["empty-id-and-manufacturer.xml"] == ""
    assert ids["empty-header.xml"] is ids["single-quotes-no-header.xml"] is None
    assert ids["constant-id-of-another-request.xml"] == "null"


def test_the_namespace_of_the_method_counts():
    namespaces = {name: decode(wire(name)).namespace[-1] for name, _, _ in READ}
    assert namespaces["three-cwmp-namespaces.xml"] == "2"
    assert namespaces["cwmp-namespace-on-the-method.xml"] == "1"
    assert namespaces["cwmp-1-4.xml"] == "4"
    assert namespaces["cwmp-namespace-wrong.xml"] == "0"


def test_a_session_timeout_is_read_in_every_namespace_and_only_if_it_is_a_number():
    assert decode(wire("empty-id-and-manufacturer.xml")).session_timeout_s == 60
    assert decode(wire("inform-with-unreadable-numbers.xml")).session_timeout_s is None


def test_answers_of_thousands_of_names_and_values_of_32_kilobytes_are_read():
    names = m.GetParameterNamesResponse(
        tuple(m.ParameterInfoStruct(f"Device.{'X' * 190}.{n}.", n % 2 == 0) for n in range(9263))
    )
    body = encode(m.Envelope(names))
    assert len(body) > 2_500_000
    assert decode(body).body == names
    long = values(("Device.DeviceInfo.DeviceLog", "x\n" * 16384))
    assert decode(encode(m.Envelope(long))).body == long
