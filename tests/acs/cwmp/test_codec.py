"""Laws of the codec: what it writes it reads back, what it refuses it refuses by name."""

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from acs.cwmp import leniency
from acs.cwmp import messages as m
from acs.cwmp.codec import MESSAGES, decode, encode
from acs.cwmp.faults import FAULT_STRINGS, CwmpFault, LocalProtocolError, MalformedMessage, fault
from acs.cwmp.messages import Envelope, Kind, Wire
from acs.cwmp.values import TYPES

# --- Any message, from its declaration --------------------------------------------------------

XML_TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), include_characters="\t\n\r\x7f\x85"
    ),
).filter(lambda text: not {"\ufffe", "\uffff"} & set(text))
TIMES = st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z")


def texts(wire: Wire, is_name: bool) -> st.SearchStrategy[str]:
    text = XML_TEXT.map(lambda text: text[: wire.max_length])
    return text.map(str.strip) if is_name else text


def value_of(wire: Wire) -> st.SearchStrategy:
    match wire.kind:
        case Kind.TEXT:
            return texts(wire, wire.name in leniency.NAMES)
        case Kind.VALUE:
            return XML_TEXT
        case Kind.UNSIGNED:
            return st.integers(0, 2**32 - 1)
        case Kind.INTEGER:
            return st.integers(-(2**31), 2**31 - 1)
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.TIME:
            return TIMES
        case Kind.STRUCT:
            return any_of(wire.struct)
        case Kind.TEXTS:
            return st.lists(texts(wire, is_name=True), max_size=4).map(tuple)
        case Kind.STRUCTS:
            size = min(wire.max_count or 4, 4)
            return st.lists(any_of(wire.struct), max_size=size).map(tuple)
        case Kind.REPEATED:
            operations = (m.InstallOpStruct, m.UpdateOpStruct, m.UninstallOpStruct)
            classes = operations if wire.struct is m.OperationStruct else (wire.struct,)
            choices = [any_of(cls) for cls in classes]
            return st.lists(st.one_of(choices), min_size=1, max_size=4).map(tuple)


def any_of(cls: type) -> st.SearchStrategy:
    strategies = {}
    for field in fields(cls):
        wire = field.metadata.get("wire")
        if wire is None:
            strategies[field.name] = st.sampled_from(sorted(TYPES))
        elif wire.optional:
            strategies[field.name] = st.none() | value_of(wire)
        else:
            strategies[field.name] = value_of(wire)
    return st.builds(cls, **strategies)


REFUSED = st.lists(
    st.builds(
        m.SetParameterValuesFault,
        XML_TEXT.map(str.strip),
        st.integers(9000, 9899),
        XML_TEXT,
    ),
    max_size=3,
).map(tuple)
FAULTS = st.builds(m.Fault, st.sampled_from(sorted(FAULT_STRINGS)), XML_TEXT, REFUSED)
UNKNOWN = st.builds(m.UnknownMethod, st.just("X_0011AB_Hello"))
BODIES = st.one_of(FAULTS, UNKNOWN, *[any_of(cls) for cls in MESSAGES.values()])
ENVELOPES = st.builds(
    Envelope,
    BODIES,
    id=st.none() | XML_TEXT,
    namespace=st.sampled_from([f"urn:dslforum-org:cwmp-1-{n}" for n in (0, 1, 2, 3, 4, 27)]),
    hold_requests=st.booleans(),
    session_timeout_s=st.none() | st.integers(0, 2**32 - 1),
    supported_versions=st.lists(st.sampled_from(["1.4", "1.3", "1.0"]), unique=True).map(tuple),
    use_version=st.none() | st.sampled_from(["1.4", "1.0"]),
)


@pytest.mark.parametrize("cls", MESSAGES.values(), ids=MESSAGES)
def test_every_message_with_its_defaults_is_read_back(cls):
    envelope = decode(encode(Envelope(cls())))
    assert envelope.body == cls()


@given(ENVELOPES)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_read_back(envelope):
    body = encode(envelope)
    assert decode(body) == envelope
    assert decode(body, "utf-8") == envelope


@given(BODIES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_ascii_written_out_and_without_declaration(message):
    body = encode(Envelope(message, id="1"))
    assert body.isascii()
    assert body.startswith(b"<soap-env:Envelope ")
    assert b"/>" not in body
    assert not any(octet < 32 and octet not in b"\t\n" for octet in body)


# --- What we write ---------------------------------------------------------------------------

OPENING = (
    b'<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/"'
    b' xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/"'
    b' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    b' xmlns:cwmp="urn:dslforum-org:cwmp-1-0">'
)
HEADER = b'<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">7</cwmp:ID></soap-env:Header>'
CLOSING = b"</soap-env:Body></soap-env:Envelope>"

WRITTEN = [
    (
        m.InformResponse(),
        b"<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>",
    ),
    (
        m.GetParameterValues(("Device.DeviceInfo.", "Device.Time.NTPServer1")),
        (
            b'<cwmp:GetParameterValues><ParameterNames soap-enc:arrayType="xsd:string[2]">'
            b"<string>Device.DeviceInfo.</string><string>Device.Time.NTPServer1</string>"
            b"</ParameterNames></cwmp:GetParameterValues>"
        ),
    ),
    (
        m.SetParameterValues(
            (
                m.ParameterValueStruct(
                    "Device.ManagementServer.PeriodicInformInterval", "300", "unsignedInt"
                ),
            ),
            "rev-42",
        ),
        (
            b"<cwmp:SetParameterValues>"
            b'<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]">'
            b"<ParameterValueStruct><Name>Device.ManagementServer.PeriodicInformInterval</Name>"
            b'<Value xsi:type="xsd:unsignedInt">300</Value></ParameterValueStruct></ParameterList>'
            b"<ParameterKey>rev-42</ParameterKey></cwmp:SetParameterValues>"
        ),
    ),
    (
        m.GetParameterNames("", next_level=True),
        (
            b"<cwmp:GetParameterNames><ParameterPath></ParameterPath><NextLevel>1</NextLevel>"
            b"</cwmp:GetParameterNames>"
        ),
    ),
    (
        m.SetParameterAttributes(
            (m.SetParameterAttributesStruct("Device.WiFi.SSID.1.SSID", True, 2),)
        ),
        (
            b"<cwmp:SetParameterAttributes>"
            b'<ParameterList soap-enc:arrayType="cwmp:SetParameterAttributesStruct[1]">'
            b"<SetParameterAttributesStruct><Name>Device.WiFi.SSID.1.SSID</Name>"
            b"<NotificationChange>1</NotificationChange><Notification>2</Notification>"
            b"<AccessListChange>0</AccessListChange>"
            b'<AccessList soap-enc:arrayType="xsd:string[0]"></AccessList>'
            b"</SetParameterAttributesStruct></ParameterList></cwmp:SetParameterAttributes>"
        ),
    ),
    (
        m.ChangeDUState((m.UninstallOpStruct("u"),)),
        (
            b'<cwmp:ChangeDUState><Operations xsi:type="cwmp:UninstallOpStruct"><UUID>u</UUID>'
            b"</Operations></cwmp:ChangeDUState>"
        ),
    ),
    (
        fault(8000),
        (
            b"<soap-env:Fault><faultcode>Server</faultcode><faultstring>CWMP fault</faultstring>"
            b"<detail><cwmp:Fault><FaultCode>8000</FaultCode>"
            b"<FaultString>Method not supported</FaultString>"
            b"</cwmp:Fault></detail></soap-env:Fault>"
        ),
    ),
    (
        fault(9003, "no", [m.SetParameterValuesFault("Device.A", 9007, "x < y")]),
        (
            b"<soap-env:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring>"
            b"<detail><cwmp:Fault><FaultCode>9003</FaultCode><FaultString>no</FaultString>"
            b"<SetParameterValuesFault><ParameterName>Device.A</ParameterName>"
            b"<FaultCode>9007</FaultCode><FaultString>x &lt; y</FaultString>"
            b"</SetParameterValuesFault></cwmp:Fault></detail></soap-env:Fault>"
        ),
    ),
]


@pytest.mark.parametrize(("message", "expected"), WRITTEN, ids=lambda x: type(x).__name__)
def test_messages_are_written_like_the_examples_of_the_standard(message, expected):
    body = encode(Envelope(message, id="7"))
    assert body == OPENING + HEADER + b"<soap-env:Body>" + expected + CLOSING


def test_without_an_id_there_is_no_header():
    assert b"Header" not in encode(Envelope(m.InformResponse()))
    assert b'mustUnderstand="1"></cwmp:ID>' in encode(Envelope(m.InformResponse(), id=""))


def test_headers_that_must_be_understood_say_so():
    body = encode(
        Envelope(m.InformResponse(), hold_requests=True, use_version="1.4", session_timeout_s=30)
    )
    assert b'<cwmp:HoldRequests soap-env:mustUnderstand="1">1</cwmp:HoldRequests>' in body
    assert b'<cwmp:UseCWMPVersion soap-env:mustUnderstand="1">1.4</cwmp:UseCWMPVersion>' in body
    assert b'<cwmp:SessionTimeout soap-env:mustUnderstand="0">30</cwmp:SessionTimeout>' in body


TOO_MUCH = [
    (m.Reboot("k" * 33), "Reboot.command_key"),
    (m.Download(url="u" * 257), "Download.url"),
    (m.Download(file_size=2**32), "Download.file_size"),
    (m.Download(delay_seconds=-1), "Download.delay_seconds"),
    (m.SetParameterValuesResponse(2**31), "SetParameterValuesResponse.status"),
    (m.GetParameterValues(("n" * 257,)), "GetParameterValues.parameter_names"),
    (m.ScheduleDownload(time_window_list=(m.TimeWindowStruct(),) * 3), "time_window_list"),
    (m.Inform(event=(m.EventStruct(),) * 65), "Inform.event"),
    (m.Inform(current_time="2024-05-06T07:08:09.5Z"), "Inform.current_time"),
    (m.Inform(current_time=""), "Inform.current_time"),
    (m.Inform(device_id=m.DeviceIdStruct(oui="0011ABC")), "DeviceIdStruct.oui"),
    (m.GetParameterValuesResponse((m.ParameterValueStruct("a", "b", "json"),)), "json"),
    (m.Reboot("\0"), "XML"),
    (m.Reboot("\ud800"), "XML"),
    (m.Fault(7000, "x"), "7000"),
    (m.UnknownMethod("a b"), "a b"),
]


@pytest.mark.parametrize(("message", "named"), TOO_MUCH, ids=lambda x: str(x)[:40])
def test_what_the_schema_forbids_is_a_bug_of_ours_and_is_named(message, named):
    with pytest.raises(LocalProtocolError, match=named):
        encode(Envelope(message))


def test_a_namespace_that_is_none_of_cwmps_is_not_written():
    with pytest.raises(LocalProtocolError):
        encode(Envelope(m.Reboot(), namespace='urn:dslforum-org:cwmp-1-0"><x'))
    with pytest.raises(LocalProtocolError):
        encode(Envelope(m.Reboot(), id="\x01"))


# --- What we read ----------------------------------------------------------------------------

RIGHT = encode(Envelope(m.GetParameterNames("Device.", next_level=True), id="1"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \r\n",
        b"\0\0",
        b"<",
        b"<x/>",
        b"not xml",
        RIGHT[:-1],
        RIGHT + RIGHT,
        RIGHT.replace(b"soap-env:Body", b"soap-env:Bodies"),
        b"<Envelope><Header/></Envelope>",
        b"<Envelope><Body/></Envelope>",
        b"<Envelope><Body>Inform</Body></Envelope>",
        b"<Envelope><Body><Reboot/><Reboot/></Body></Envelope>",
        b"<Body><Reboot/></Body>",
        b"<Envelope><Body><ChangeDUState><Operations/></ChangeDUState></Body></Envelope>",
    ],
)
def test_bytes_that_are_no_message_are_malformed(body):
    with pytest.raises(MalformedMessage):
        decode(body)


def test_an_unknown_method_keeps_its_name_and_a_struct_is_no_method():
    for name in ("X_0011AB_Hello", "EventStruct", "Message", "UnknownMethod", "Envelope", "inform"):
        body = f"<Envelope><Body><{name}/></Body></Envelope>".encode()
        assert decode(body).body == m.UnknownMethod(name)


def test_values_keep_their_blanks_and_line_ends_and_names_do_not():
    parameter = m.ParameterValueStruct("Device.A", " a\r\n\tb ")
    assert decode(encode(Envelope(m.SetParameterValues((parameter,))))).body.parameter_list == (
        parameter,
    )


def test_parameters_are_read_alike_whatever_surrounds_them():
    """The shortcut for regular lists gives way as soon as one member differs."""
    plain = b"<ParameterValueStruct><Name>%s</Name><Value>1</Value></ParameterValueStruct>"
    turned = b"<ParameterValueStruct><Value>1</Value><Name>%s</Name></ParameterValueStruct>"
    doubled = plain.replace(b"<Value>", b"<Name>no</Name><Value>")
    more = b"<ParameterValueStruct><X/><Name>%s</Name><Value>1</Value><Y/></ParameterValueStruct>"
    frame = encode(Envelope(m.GetParameterValuesResponse()))
    for odd in (plain, turned, doubled, more):
        members = b"".join((plain % b"A", odd % b"B", plain % b"C"))
        read = decode(frame.replace(b"</ParameterList>", members + b"</ParameterList>")).body
        assert [(p.name, p.value) for p in read.parameter_list] == [
            ("A", "1"),
            ("B", "1"),
            ("C", "1"),
        ]


def test_a_fault_is_raised_with_everything_that_the_device_said():
    refused = (m.SetParameterValuesFault("Device.A", 9007, "no"),)
    error = CwmpFault(decode(encode(Envelope(fault(9003, None, refused)))).body)
    assert (error.fault_code, error.fault_string) == (9003, "Invalid arguments")
    assert error.parameters == refused
    assert "9003" in str(error)


# --- Any bytes -------------------------------------------------------------------------------

SEEDS = [
    RIGHT,
    encode(Envelope(m.Inform(event=(m.EventStruct("1 BOOT"),)), id="é")),
    encode(Envelope(m.SetParameterValues((m.ParameterValueStruct("Device.A", "1", "int"),)))),
    encode(Envelope(fault(9003, None, [m.SetParameterValuesFault("a", 9005, "b")]))),
]


def is_read_or_malformed(body: bytes, charset: str | None = None) -> bool:
    try:
        decode(body, charset)
    except MalformedMessage:
        return False
    return True


@given(st.binary(max_size=300), st.none() | st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_bytes_are_worse_than_malformed(body, charset):
    is_read_or_malformed(body, charset)


@given(
    st.sampled_from(SEEDS),
    st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 40),
            st.binary(max_size=6)
            | st.sampled_from([b"<", b">", b"&", b"\0", b'"', b"]]>", b"<!--"]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([None, "utf-8", "iso-8859-1", "utf-16", "gb18030", "nonsense"]),
)
@settings(max_examples=500, deadline=None)
def test_a_damaged_message_is_read_or_malformed_and_nothing_else(seed, damages, charset):
    body = bytearray(seed)
    for place, length, replacement in damages:
        at = int(place * len(body))
        body[at : at + length] = replacement
    is_read_or_malformed(bytes(body), charset)


@given(
    st.sampled_from([element.tag for element in etree.fromstring(SEEDS[1]).iter()]),
    st.sampled_from([element.tag for element in etree.fromstring(SEEDS[1]).iter()]),
)
@settings(max_examples=100, deadline=None)
def test_elements_may_stand_anywhere(tag, other):
    root = etree.fromstring(SEEDS[1])
    moved = next(root.iter(tag))
    target = next(root.iter(other))
    if moved is not root and moved not in list(target.iterancestors()) and target is not moved:
        target.append(moved)
    is_read_or_malformed(etree.tostring(root))
