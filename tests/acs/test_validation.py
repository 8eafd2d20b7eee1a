"""Right messages are legal, and each rule that a wrong one breaks is named with its line."""

import pytest

from acs.validation import UnreadableError, validate

HEADER = '<cwmp:ID soap-env:mustUnderstand="1">7</cwmp:ID>'

INFORM = """\
<cwmp:Inform>
<DeviceId><Manufacturer>Example</Manufacturer><OUI>00AABB</OUI><ProductClass>Router</ProductClass>
<SerialNumber>S1</SerialNumber></DeviceId>
<Event soap-enc:arrayType="cwmp:EventStruct[1]">
<EventStruct><EventCode>2 PERIODIC</EventCode><CommandKey></CommandKey></EventStruct></Event>
<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2024-01-01T00:00:00Z</CurrentTime>
<RetryCount>0</RetryCount>
<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]">
<ParameterValueStruct><Name>X_VENDOR.Value</Name><Value xsi:type="xsd:string">1</Value>
</ParameterValueStruct></ParameterList></cwmp:Inform>"""

GET = """\
<cwmp:GetParameterValues><ParameterNames soap-enc:arrayType="xsd:string[2]">
<string>Device.DeviceInfo.</string><string>Device.Time.NTPServer1</string>
</ParameterNames></cwmp:GetParameterValues>"""

SET = """\
<cwmp:SetParameterValues>
<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[1]">
<ParameterValueStruct><Name>Device.A.B</Name><Value xsi:type="xsd:unsignedInt">300</Value>
</ParameterValueStruct></ParameterList><ParameterKey>rev-42</ParameterKey>
</cwmp:SetParameterValues>"""

ATTRIBUTES = """\
<cwmp:SetParameterAttributes>
<ParameterList soap-enc:arrayType="cwmp:SetParameterAttributesStruct[1]">
<SetParameterAttributesStruct><Name>Device.A.B</Name><NotificationChange>1</NotificationChange>
<Notification>2</Notification><AccessListChange>0</AccessListChange>
<AccessList soap-enc:arrayType="xsd:string[0]"></AccessList></SetParameterAttributesStruct>
</ParameterList></cwmp:SetParameterAttributes>"""

DOWNLOAD = """\
<cwmp:Download><CommandKey>k</CommandKey><FileType>1 Firmware Upgrade Image</FileType>
<URL>http://files.example/f</URL><Username></Username><Password></Password>
<FileSize>8388608</FileSize><TargetFileName></TargetFileName><DelaySeconds>0</DelaySeconds>
<SuccessURL></SuccessURL><FailureURL></FailureURL></cwmp:Download>"""

FAULT = """\
<soap-env:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring>
<detail><cwmp:Fault><FaultCode>9003</FaultCode><FaultString>Invalid arguments</FaultString>
<SetParameterValuesFault><ParameterName>Device.A.B</ParameterName><FaultCode>9007</FaultCode>
</SetParameterValuesFault></cwmp:Fault></detail></soap-env:Fault>"""

INSTALL = """\
<cwmp:ChangeDUState><Operations xsi:type="cwmp:InstallOpStruct"><URL>http://x.example/</URL>
<UUID>12345678-1234-1234-1234-123456789abc</UUID></Operations></cwmp:ChangeDUState>"""

INFORM_RESPONSE = """\
<cwmp:InformResponse>
<MaxEnvelopes>1</MaxEnvelopes>
</cwmp:InformResponse>"""


def envelope(body: str, header: str | None = HEADER, minor: int = 0) -> bytes:
    """The body starts on line 4."""
    wrapped = "" if header is None else f"<soap-env:Header>{header}</soap-env:Header>"
    return f"""\
<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:cwmp="urn:dslforum-org:cwmp-1-{minor}">
{wrapped}
<soap-env:Body>
{body}
</soap-env:Body></soap-env:Envelope>""".encode()


def errors(message: bytes) -> list[tuple[int, str]]:
    return [(found.line, found.rule) for found in validate(message) if found.level == "error"]


def warnings(message: bytes) -> list[str]:
    return [found.text for found in validate(message) if found.level == "warning"]


@pytest.mark.parametrize("minor", [0, 1, 2])
@pytest.mark.parametrize("body", [INFORM, GET, SET, ATTRIBUTES, DOWNLOAD, FAULT, INFORM_RESPONSE])
def test_a_right_message_is_legal_in_every_version(body, minor):
    assert validate(envelope(body, minor=minor)) == []


def test_an_empty_message_is_legal():
    assert validate(b"\r\n") == []


def test_an_operation_names_its_kind_by_xsi_type():
    assert validate(envelope(INSTALL, minor=2)) == []
    untyped = INSTALL.replace(' xsi:type="cwmp:InstallOpStruct"', "")
    assert errors(envelope(untyped, minor=2)) == [(4, "structure")]


@pytest.mark.parametrize(
    ("body", "old", "new", "found"),
    [
        pytest.param(GET, "xsd:string[2]", "xsd:string[3]", (4, "count"), id="wrong count"),
        pytest.param(GET, "xsd:string[2]", "cwmp:string[2]", (4, "list"), id="wrong type prefix"),
        pytest.param(GET, "xsd:string[2]", "xsd:int[2]", (4, "list"), id="wrong member type"),
        pytest.param(GET, "xsd:string[2]", "two", (4, "list"), id="no array type at all"),
        pytest.param(SET, "rev-42", "k" * 33, (7, "length"), id="ParameterKey too long"),
        pytest.param(SET, ' xsi:type="xsd:unsignedInt"', "", (6, "type"), id="no xsi:type"),
        pytest.param(SET, ">300<", ">-1<", (6, "type"), id="value outside of its type"),
        pytest.param(SET, "Device.A.B", "Device.A.", (6, "structure"), id="partial path"),
        pytest.param(SET, "Device.A.B", "D" * 257, (6, "length"), id="name too long"),
        pytest.param(INFORM, "00AABB", "00aabb", (5, "value"), id="OUI in lower case"),
        pytest.param(INFORM, "2 PERIODIC", "2", (8, "value"), id="no event code"),
        pytest.param(INFORM, "2024-01-01T", "yesterday ", (9, "type"), id="no time"),
        pytest.param(INFORM, "<RetryCount>0", "<RetryCount>-1", (10, "type"), id="below 0"),
        pytest.param(INFORM, "<RetryCount>0", "<RetryCount>4294967296", (10, "type"), id="33 bits"),
        pytest.param(ATTRIBUTES, "on>2<", "on>3<", (7, "range"), id="notification of 1.4"),
        pytest.param(DOWNLOAD, "http://", "http://me:pw@", (4, "structure"), id="password in URL"),
        pytest.param(DOWNLOAD, "1 Firmware", "Firmware", (4, "value"), id="no file type"),
        pytest.param(FAULT, "cwmp:Fault>", "cwmp:Other>", (4, "fault"), id="no CWMP detail"),
        pytest.param(INFORM_RESPONSE, "cwmp:Inform", "cwmp:Reform", (4, "method"), id="unknown"),
        pytest.param(INFORM_RESPONSE, "cwmp:", "", (4, "namespace"), id="no namespace"),
        pytest.param(DOWNLOAD, "cwmp:Download", "cwmp:ScheduleDownload", (4, "method"), id="1.2"),
    ],
)
def test_a_broken_rule_is_named_with_its_line(body, old, new, found):
    assert old in body
    assert errors(envelope(body.replace(old, new))) == [found]


def test_a_missing_or_misplaced_part_is_named():
    (missing,) = validate(envelope(SET.replace("<ParameterKey>rev-42</ParameterKey>", "")))
    assert "Expected is ( ParameterKey )" in missing.text
    assert missing.line == 4
    (misplaced,) = validate(envelope(SET.replace("<Name>Device.A.B</Name>", "")))
    assert "Expected is ( Name )" in misplaced.text


def test_a_list_without_array_type_is_named():
    assert errors(envelope(GET.replace(' soap-enc:arrayType="xsd:string[2]"', ""))) == [
        (4, "structure")
    ]


def test_parts_in_the_cwmp_namespace_are_named():
    body = INFORM_RESPONSE.replace("MaxEnvelopes>", "cwmp:MaxEnvelopes>")
    assert "MaxEnvelopes in InformResponse must be in no namespace" in [
        found.text for found in validate(envelope(body))
    ]


def test_a_parameter_may_be_set_once_in_a_message():
    member = SET[SET.index("<ParameterValueStruct>") : SET.index("</ParameterList>")]
    twice = SET.replace(member, member * 2).replace("[1]", "[2]")
    assert errors(envelope(twice)) == [(6, "duplicate")]


def test_an_inform_without_event_is_illegal():
    start, end = INFORM.index("<EventStruct>"), INFORM.index("</Event>")
    assert errors(envelope(INFORM.replace(INFORM[start:end], "").replace("t[1]", "t[0]", 1))) == [
        (4, "count")
    ]


def test_a_single_event_may_appear_once_and_an_m_event_often():
    event = "<EventStruct><EventCode>{}</EventCode><CommandKey>{}</CommandKey></EventStruct>"
    start, end = INFORM.index("<EventStruct>"), INFORM.index("</Event>")

    def inform(*events: str) -> bytes:
        body = INFORM[:start] + "".join(events) + INFORM[end:]
        return envelope(body.replace("EventStruct[1]", f"EventStruct[{len(events)}]"))

    assert errors(inform(event.format("1 BOOT", ""), event.format("1 BOOT", ""))) == [
        (8, "duplicate")
    ]
    assert errors(inform(event.format("M Reboot", "a"), event.format("M Reboot", "b"))) == []


def test_forced_parameters_that_are_missing_are_a_warning():
    told = warnings(envelope(INFORM.replace("X_VENDOR.Value", "Device.DeviceInfo.SoftwareVersion")))
    assert "Device.ManagementServer.ParameterKey belongs to each Inform" in told


def test_two_roots_in_one_inform_are_illegal():
    member = INFORM[INFORM.index("<ParameterValueStruct>") : INFORM.index("</ParameterList>")]
    both = "".join(member.replace("X_VENDOR", root) for root in ("Device", "InternetGatewayDevice"))
    body = INFORM.replace(member, both).replace("ValueStruct[1]", "ValueStruct[2]")
    assert errors(envelope(body)) == [(4, "structure")]


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        (HEADER * 2, "duplicate"),
        ("<cwmp:ID>7</cwmp:ID>", "header"),
        (HEADER.replace('"1"', '"0"'), "header"),
        (HEADER.replace("soap-env:must", "soap-enc:must"), "header"),
        (HEADER + "<cwmp:SessionTimeout>60</cwmp:SessionTimeout>", "header"),
        (
            HEADER + '<cwmp:HoldRequests soap-env:mustUnderstand="1">2</cwmp:HoldRequests>',
            "type",
        ),
    ],
)
def test_a_broken_header_is_named(header, rule):
    assert {found for _, found in errors(envelope(INFORM_RESPONSE, header))} == {rule}


def test_only_the_acs_holds_requests_back():
    held = HEADER + '<cwmp:HoldRequests soap-env:mustUnderstand="1">1</cwmp:HoldRequests>'
    assert errors(envelope(INFORM_RESPONSE, held)) == []
    assert errors(envelope(INFORM, held)) == [(2, "header")]


def test_a_message_without_header_is_legal_with_a_warning():
    assert errors(envelope(INFORM, None)) == []
    assert warnings(envelope(INFORM, None)) == ["there is no Header, and so no cwmp:ID"]


def test_habits_of_the_field_are_warnings():
    body = INFORM.replace("<Event ", '<Event xsi:type="soap-enc:Array" ')
    body = body.replace('xsi:type="xsd:string">1', 'xsi:type="xsd:base64">QUI=')
    assert errors(envelope(body, minor=3)) == []
    assert len(warnings(envelope(body, minor=3))) == 3


def test_a_body_holds_one_message():
    assert errors(envelope(INFORM_RESPONSE * 2))[0] == (3, "count")
    assert errors(envelope("")) == [(3, "count")]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (envelope(GET)[:-3], 7),
        (b"hello", 1),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>\n" + envelope(GET), 1),
        (
            envelope(GET).replace(b"schemas.xmlsoap.org/soap/envelope", b"www.w3.org/2003/05/soap"),
            1,
        ),
        (envelope(GET).replace(b"soap-env:Body", b"soap-env:Dead"), 1),
        (b"\xff\xfe\x00", 1),
    ],
)
def test_what_is_no_soap_envelope_cannot_be_judged(message, line):
    with pytest.raises(UnreadableError) as caught:
        validate(message)
    assert caught.value.line == line
