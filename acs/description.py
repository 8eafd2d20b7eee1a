"""The ACS described as a SOAP service: what CPEs may call, written by spyne.

The service has no code behind it: CWMP turns the roles around inside a session, which no SOAP
server framework can do, so spyne describes and never serves. This module is loaded when a
description is asked for (``acs.wsdl``).
"""

import inspect
from typing import Any

from lxml import etree

from acs.cwmp import messages
from acs.cwmp.messages import CpeRequest, UnknownMethod
from acs.schema import XSD, correct, types
from acs.spyne_compat import Application, ServiceBase, Soap11, Wsdl11, rpc

# The newest namespace; it holds every method of CWMP 1.2, 1.3 and 1.4.
NAMESPACE = "urn:dslforum-org:cwmp-1-2"


def describe(url: str) -> bytes:
    """The WSDL, with the XML Schema inside, of the ACS at ``url``."""
    application = Application(
        [_service()],
        tns=NAMESPACE,
        name="ACS",
        in_protocol=Soap11(),
        out_protocol=Soap11(),
    )
    application.transport = "http://schemas.xmlsoap.org/soap/http"
    document = Wsdl11(application.interface)
    document.build_interface_document(url)
    root = etree.fromstring(document.get_interface_document())
    for schema in root.iter(f"{XSD}schema"):
        correct(schema)
    for operation in root.iterfind(".//*[@soapAction]"):
        operation.set("soapAction", "")  # TR-069 3.4.1: it has no value
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _service() -> Any:
    calls = {
        name: _operation(declared)
        for name, declared in vars(messages).items()
        if inspect.isclass(declared)
        and issubclass(declared, CpeRequest)
        and declared not in (CpeRequest, UnknownMethod)
    }
    return type(ServiceBase)("ACS", (ServiceBase,), calls)


def _operation(declared: type) -> Any:
    def never_called(*_arguments: Any) -> None:
        """spyne describes functions, and wants a name and a text of each."""

    never_called.__name__ = name = declared.__name__
    never_called.__doc__ = declared.__doc__
    asked = types(NAMESPACE)[name]._type_info
    answered = types(NAMESPACE)[f"{name}Response"]._type_info
    returned = {"_returns": tuple(answered.values()), "_out_variable_names": list(answered)}
    return rpc(*asked.values(), _args=list(asked), **(returned if answered else {}))(never_called)
