"""What may be kept as a value of a type can be sent as one: two judges, one opinion."""

from hypothesis import example, given
from hypothesis import strategies as st

from acs.cwmp import values
from inventory.value_types import complaint

TYPES = ["int", "unsignedInt", "long", "unsignedLong", "boolean", "dateTime", "base64"]
LIKELY = st.from_regex(r"[0-9A-Fa-f+:.TZ-]{0,30}", fullmatch=True) | st.integers().map(str)
TIMES = st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d)?(Z|[+-]\d\d:\d\d)?", fullmatch=True)
WORDS = st.sampled_from(["true", "False", "1", "0", "QUJD", "0aff"])


@given(LIKELY | TIMES | WORDS, st.sampled_from([*TYPES, "base64Binary", "hexBinary", "decimal"]))
@example("2024-02-29T12:00:00-14:00", "dateTime")
def test_what_is_kept_as_a_value_of_a_type_can_be_sent_as_one(value, value_type):
    on_the_wire = values.normal_type(value_type)
    if complaint(value, value_type) is None:
        values.check(values.to_wire(value, on_the_wire), on_the_wire)
