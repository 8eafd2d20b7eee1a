"""The one door to spyne, which describes our messages (WSDL) and judges recorded ones.

spyne 2.14 carries an old copy of ``six`` whose importer Python 3.12 no longer understands; the real
``six``, with the one function that spyne's copy adds, takes its place before spyne is first
imported. Import spyne's names from here and nowhere
else, and this module only where it is used: spyne costs memory that a serving ACS does not need.
"""

import importlib
import sys
import warnings
from operator import attrgetter
from types import ModuleType

_BUNDLED = "spyne.util.six"
_USED = (
    "six",
    "six.moves",
    "six.moves.collections_abc",
    "six.moves.http_cookies",
    "six.moves.urllib",
    "six.moves.urllib.parse",
)

for _name in _USED:
    sys.modules[_name.replace("six", _BUNDLED, 1)] = importlib.import_module(_name)
_six = ModuleType(_BUNDLED)
vars(_six).update(vars(sys.modules["six"]), get_function_name=attrgetter("__name__"))
sys.modules[_BUNDLED] = _six

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # old escape sequences and the like, none of them ours
    from spyne import (
        Application,
        Boolean,
        ByteArray,
        ComplexModel,
        DateTime,
        Integer32,
        ServiceBase,
        SimpleModel,
        Unicode,
        UnsignedInteger32,
        rpc,
    )
    from spyne.interface.wsdl import Wsdl11
    from spyne.protocol.soap import Soap11
    from spyne.util.xml import get_schema_documents

__all__ = [
    "Application",
    "Boolean",
    "ByteArray",
    "ComplexModel",
    "DateTime",
    "Integer32",
    "ServiceBase",
    "SimpleModel",
    "Soap11",
    "Unicode",
    "UnsignedInteger32",
    "Wsdl11",
    "get_schema_documents",
    "rpc",
]
