"""The one door to spyne, which describes our messages (WSDL) and judges recorded ones.

spyne 2.14 carries an old copy of ``six`` whose importer Python 3.12 no longer understands; the real
``six`` takes its place before spyne is first imported. Import spyne's names from here and nowhere
else, and this module only inside a function: it costs 20 MB that a serving ACS does not need.
"""

import sys
import warnings

import six
import six.moves.collections_abc
import six.moves.http_cookies
import six.moves.urllib.parse

_BUNDLED = "spyne.util.six"

for _name in [name for name in sys.modules if name == "six" or name.startswith("six.")]:
    sys.modules[_name.replace("six", _BUNDLED, 1)] = sys.modules[_name]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # old escape sequences and imports, none of which is ours
    import spyne
