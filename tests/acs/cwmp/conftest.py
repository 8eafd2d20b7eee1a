"""What the tests of the protocol core share: the Broadband Forum's schemas as a judge."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

SCHEMAS = Path(__file__).parent / "schema"

ENV = "http://schemas.xmlsoap.org/soap/envelope/"
ENC = "http://schemas.xmlsoap.org/soap/encoding/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
LOCATIONS = {ENV: "soap-envelope-1.1.xsd", ENC: "soap-encoding-1.1.xsd"}

DRIVER = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:import namespace="{env}" schemaLocation="{env}"/>
  <xs:import namespace="{cwmp}" schemaLocation="http://x/cwmp-{version}.xsd"/>
</xs:schema>"""


class LocalSchemas(etree.Resolver):
    """The official files name http locations; all of them are in this folder."""

    def resolve(self, url, _public_id, context):
        name = LOCATIONS.get(url, url.rsplit("/", 1)[-1])
        return self.resolve_filename(str(SCHEMAS / name), context)


@cache
def schema(version: str) -> etree.XMLSchema:
    """The schema of protocol ``"1-0"`` to ``"1-4"``; the last three share the namespace 1-2."""
    parser = etree.XMLParser(no_network=False)  # so that the resolver is asked
    parser.resolvers.add(LocalSchemas())
    namespace = f"urn:dslforum-org:cwmp-{min(version, '1-2')}"
    driver = DRIVER.format(env=ENV, cwmp=namespace, version=version)
    return etree.XMLSchema(etree.fromstring(driver, parser))


@cache
def known_methods(version: str) -> frozenset[str]:
    """The elements that the schema of a protocol version, or one that it extends, declares."""
    first = min(version, "1-2")
    files = [f"cwmp-1-{n}.xsd" for n in range(int(first[-1]), int(version[-1]) + 1)]
    roots = [etree.parse(SCHEMAS / file).getroot() for file in files]
    return frozenset(
        element.get("name") for root in roots for element in root.findall("{*}element")
    )


def judge(body: bytes, version: str) -> list[str]:
    """What is wrong with a message by the schema, and by the rules that a schema cannot say."""
    root = etree.fromstring(body)
    judging = schema(version)
    judging.validate(root)
    wrong = [error.message for error in judging.error_log]
    content = root.find(f"{{{ENV}}}Body")[0]
    name = etree.QName(content)
    if name.namespace != ENV and name.localname not in known_methods(version):
        wrong.append(f"{name.localname} is no method of CWMP {version}")
    for element in content.iterdescendants():
        array_type = element.get(f"{{{ENC}}}arrayType")
        if array_type and not array_type.endswith(f"[{len(element)}]"):
            wrong.append(f"{array_type} on {len(element)} members")
        if element.tag == "Value" and element.getparent().tag == "ParameterValueStruct":
            wrong += [] if element.get(f"{{{XSI}}}type") else ["a Value without xsi:type"]
    return wrong


@pytest.fixture(scope="session")
def wrongs_of() -> Callable[[bytes, str], list[str]]:
    return judge
