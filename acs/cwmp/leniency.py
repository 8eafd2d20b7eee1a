"""Every error of real devices that reading forgives: its name, who makes it, what is read instead.

Nothing further in knows about any of them. The names end up in ``Envelope.notes``, so that a
session log can tell what was forgiven. A message that breaks no rule never comes here: the bytes
are mended only after the strict parser refused them.

Forgiven without a note, because nothing is read there: ``mustUnderstand`` in any namespace
(MikroTik), ``xsi:type="SOAP-ENC:Array"`` on lists (AMIT), the QName in ``arrayType``, the order of
elements and elements that no schema has (PHICOMM), attributes, comments, a missing Header or ID.
"""

import codecs
import re
from functools import lru_cache

from lxml import etree

from acs.cwmp.values import NO_XML_CHARACTER, normal_type, parse_boolean

Notes = dict[str, None]  # a set that keeps the order of appearance

# --- Bytes and characters --------------------------------------------------------------------

CONTROL_CHARACTERS = "control-characters"  # NUL padding, 0x1F in values (GenieACS #76, FreeACS)
BARE_AMPERSAND = "bare-ampersand"  # TransferURL with a query; &nbsp; and other unknown entities
BAD_BYTES = "bad-bytes"  # 0xFF in a Value (Thomson); latin-1 under a UTF-8 label (Magma)
CHARSET_CONFLICT = "charset-conflict"  # Content-Type says one, declaration another (GenieACS)
UNDECLARED_PREFIX = "undeclared-prefix"  # clients that paste prefixes without their xmlns
TEXT_BEFORE_DECLARATION = "text-before-declaration"  # a blank line before <?xml

# The expressions below see hostile text: each looks at a character a bounded number of times.

# Names by which messages may be labelled. No others: Python knows codecs that are no charsets.
_CHARSETS = frozenset(
    {
        *("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be"),
        *(f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))),
        *(f"cp{page}" for page in range(1250, 1259)),
        *("koi8-r", "gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"),
    }
)
_DECLARED_CHARSET = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_DECLARATION = re.compile(r"<\?xml\s[^>]*>")
_CHARACTER_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_AMPERSAND = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,8}|#x[0-9A-Fa-f]{1,8});)",
    re.DOTALL,
)
_START_OF_ROOT = re.compile(r"<[A-Za-z_][\w.:-]*+(?=([^<>]*+)>)")
_PREFIX = re.compile(
    r"""</?+([A-Za-z_][\w.-]*+):|\s([A-Za-z_][\w.-]*+):[A-Za-z_][\w.-]*+\s*+=\s*+["']"""
)
_DECLARED_PREFIX = re.compile(r"\sxmlns:([A-Za-z_][\w.-]*+)\s*=")
_MAX_PREFIXES = 64  # a message has about five


@lru_cache(maxsize=64)
def known_charset(label: str | None) -> str | None:
    """Python's name of a charset that messages may be written in, else ``None``."""
    try:
        name = codecs.lookup((label or "").strip(" \"'")).name
    except (LookupError, ValueError):
        return None
    return name if name in _CHARSETS else None


def declared_charset(body: bytes) -> str | None:
    """The charset that the XML declaration names."""
    found = _DECLARED_CHARSET.match(body)
    return known_charset(found.group(1).decode("ascii")) if found else None


def check_labels(body: bytes, charset: str, notes: Notes) -> None:
    """The Content-Type's ``charset`` goes before the declaration's."""
    if declared_charset(body) not in (None, charset):
        notes[CHARSET_CONFLICT] = None


def mend(body: bytes, charset: str | None, notes: Notes) -> bytes:
    """The message again as UTF-8 without what the parser refuses in the messages of devices."""
    text = _text_of(body, charset, notes)
    text = _drop_declaration(text, notes)
    text = _drop_control_characters(text, notes)
    text = _escape_bare_ampersands(text, notes)
    return _declare_prefixes(text, notes).encode("utf-8")


def _text_of(body: bytes, charset: str | None, notes: Notes) -> str:
    """By Content-Type, else by declaration, else UTF-8 with latin-1 for the bytes that are not."""
    labels = (known_charset(charset), declared_charset(body), "utf-8")
    for at, name in enumerate(labels):
        try:
            text = body.decode(name) if name else ""
        except UnicodeDecodeError:
            continue
        if "<" in text:
            if any(labels[:at]):
                notes[CHARSET_CONFLICT] = None
            return text
    notes[BAD_BYTES] = None
    return body.decode("utf-8", "cwmp-latin-1")


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("cwmp-latin-1", _as_latin_1)


def _drop_declaration(text: str, notes: Notes) -> str:
    start = text.lstrip("\ufeff\0 \t\r\n")
    declaration = _DECLARATION.match(start)
    if declaration is None:
        return start
    if not text.startswith(("<?xml", "\ufeff<?xml")):
        notes[TEXT_BEFORE_DECLARATION] = None
    return start[declaration.end() :]


def _drop_control_characters(text: str, notes: Notes) -> str:
    clean = NO_XML_CHARACTER.sub("", text)
    clean = _CHARACTER_REFERENCE.sub(_legal_reference, clean)
    if clean != text:
        notes[CONTROL_CHARACTERS] = None
    return clean


def _legal_reference(reference: re.Match[str]) -> str:
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    is_legal = code <= 0x10FFFF and not NO_XML_CHARACTER.match(chr(code))
    return reference[0] if is_legal else ""


def _escape_bare_ampersands(text: str, notes: Notes) -> str:
    escaped = _AMPERSAND.sub(lambda found: "&amp;" if found[0] == "&" else found[0], text)
    if escaped != text:
        notes[BARE_AMPERSAND] = None
    return escaped


def _declare_prefixes(text: str, notes: Notes) -> str:
    root = _START_OF_ROOT.search(text)
    if root is None:
        return text
    declared = {"xml", "xmlns", *_DECLARED_PREFIX.findall(root[1])}
    prefixes = (element or attribute for element, attribute in _PREFIX.findall(text))
    used = dict.fromkeys(prefix for prefix in prefixes if prefix not in declared)
    if not used or len(used) > _MAX_PREFIXES:
        return text
    notes[UNDECLARED_PREFIX] = None
    added = "".join(f' xmlns:{prefix}="urn:undeclared:{prefix}"' for prefix in used)
    return text[: root.end()] + added + text[root.end() :]


# --- Envelope and elements -------------------------------------------------------------------

ENVELOPE_NAMESPACE = "envelope-namespace"  # none at all, or another one than SOAP 1.1's
CWMP_NAMESPACE = "cwmp-namespace"  # missing, misspelt, or declared elsewhere (GenieACS #7, #138)
QUALIFIED_ELEMENT = "qualified-element"  # <ns4:DeviceId>, children under a default namespace
MISSING_ELEMENT = "missing-element"  # Value (Cisco SPA122, GenieACS #317), EventCode (PHICOMM)
ARRAY_COUNT = "array-count"  # arrayType absent, [0009], [836 ], 213 for 227 (GenieACS #194)
PADDED_NAME = "padded-name"  # names and codes wrapped in newlines (Econet, GenieACS #301)

# Elements whose content loses the blanks around it. The others are values, and keep them.
NAMES = frozenset(
    {
        *("Name", "EventCode", "CommandKey", "ParameterName", "ParameterPath", "ObjectName"),
        *("Manufacturer", "OUI", "ProductClass", "SerialNumber"),
    }
)


def check_array_count(array_type: str | None, count: int, notes: Notes) -> None:
    """The members that are there count, whatever the attribute says."""
    if not (array_type or "").endswith(f"[{count}]"):
        notes[ARRAY_COUNT] = None


# --- Values ----------------------------------------------------------------------------------

MISSING_TYPE = "missing-type"  # Value without xsi:type (Sphairon, GenieACS #17, #301)
TYPE_NAMESPACE = "type-namespace"  # the type attribute under xsi of 1999, or under no namespace
ODD_TYPE = "odd-type"  # xsd:unsignedint, string(256), xsd:json (UniFi), object
UNREADABLE_NUMBER = "unreadable-number"  # "", "N/A", -1 for an unsigned number
UNREADABLE_BOOLEAN = "unreadable-boolean"  # "", Writable "30"
ODD_BOOLEAN = "odd-boolean"  # True, Enabled, yes
MISSING_TIME = "missing-time"  # an empty dateTime

_PLAIN_TYPE = re.compile(r"[\w.-]+:(?:base64|(?P<name>\w+))")


def type_attribute(element: etree._Element, xsi_type: str, notes: Notes) -> str | None:
    """The content of ``xsi_type``, else of an attribute called ``type`` in another namespace."""
    written = element.get(xsi_type)
    if written is not None:
        return str(written)
    for name, content in element.attrib.items():
        if str(name).rpartition("}")[2] == "type":
            notes[TYPE_NAMESPACE] = None
            return str(content)
    return None


def type_name(xsi_type: str | None, notes: Notes) -> str:
    """The canonical type; a string where none is told."""
    if xsi_type is None:
        notes[MISSING_TYPE] = None
        return "string"
    name = normal_type(xsi_type)
    plain = _PLAIN_TYPE.fullmatch(xsi_type)
    if plain is None or plain["name"] not in (name, None):
        notes[ODD_TYPE] = None
    return name


def boolean(text: str, default: bool, notes: Notes) -> bool:
    """Any spelling of yes and no; a number is true unless zero."""
    flag = parse_boolean(text)
    if flag is not None:
        notes[ODD_BOOLEAN] = None
        return flag
    notes[UNREADABLE_BOOLEAN] = None
    digits = text.strip()
    return digits.strip("0") != "" if digits.isdecimal() else default


# --- Faults ----------------------------------------------------------------------------------

FAULT_WITHOUT_DETAIL = "fault-without-detail"  # a plain SOAP fault (Magma, GenieACS 2411db6)
FAULT_IN_WRONG_PLACE = "fault-in-wrong-place"  # FaultCode outside detail/Fault, several details
SYNTHETIC_FAULT = 9002  # "Internal error": stands for a fault whose code cannot be read

_ZERO = re.compile(r"\s*[+-]?0+\s*")


def fault_code(code: int, written: str, fault_string: str) -> int:
    """The code of a structure in which 0 is success, where ``code`` was read from ``written``.

    What is no number in its range, or is left out beside a FaultString, tells of a fault all the
    same; a structure that says nothing does not.
    """
    if code or _ZERO.fullmatch(written) or not (written + fault_string).strip():
        return code
    return SYNTHETIC_FAULT
