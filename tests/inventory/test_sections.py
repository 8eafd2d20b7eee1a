"""Documents come back as they were, and every path has one home."""

from hypothesis import given
from hypothesis import strategies as st

from inventory import sections
from inventory.paths import select
from inventory.sections import Columns, Layout, Stored, decode, encode, place, split

COMPONENTS = st.sampled_from(["Device", "WiFi", "SSID", "1", "2", "10", "é", "", "X_A-B"])
PATHS = st.lists(COMPONENTS, min_size=1, max_size=7).map(".".join)
ROWS = st.dictionaries(
    st.integers(1, 2**40),
    st.tuples(
        st.text(max_size=8) | st.binary(max_size=8),
        st.sampled_from(["string", "boolean", ""]),
        st.tuples(st.integers(0, 2**45), st.sampled_from(["get", "set"])),
    ),
    max_size=40,
)


@given(ROWS)
def test_a_document_comes_back_as_it_was(
    rows: dict[int, tuple[object, str, tuple[int, str]]],
) -> None:
    columns = Columns()
    for name_id, (value, value_type, moment) in rows.items():
        kind = place(columns.type_names, value_type)
        columns.put(None, name_id, value, kind, place(columns.all_moments, moment))
    again = decode(encode(columns))
    assert {row[0]: row[1:] for row in again.rows()} == rows
    assert encode(again) == encode(columns)


def test_moments_that_nobody_needs_any_longer_leave_the_document() -> None:
    columns = Columns()
    for time in range(100):
        columns.put(0 if time else None, 1, "x", 0, place(columns.all_moments, (time, "get")))
        place(columns.type_names, "string")
    assert decode(encode(columns)).all_moments == [(99, "get")]


def laid_out(paths: set[str]) -> dict[str, set[str]]:
    """The paths in the sections that they come to when told at once."""
    ids = dict(enumerate(sorted(paths), 1))
    layout = Layout({})
    parts: dict[str, set[str]] = {}
    for home, group in layout.homes(ids.values()).items():
        columns = Columns()
        for number, path in ids.items():
            if path in group:
                columns.put(None, number, path, 0, 0)
        for key, part in split(home, columns, ids).items():
            parts[key] = set(part.values)
    return parts


@given(paths=st.sets(PATHS, max_size=60), asked=st.lists(PATHS, max_size=3))
def test_every_path_is_found_where_it_was_put(paths: set[str], asked: list[str]) -> None:
    before = sections.MOST_NAMES, sections.AFTER_SPLIT
    sections.MOST_NAMES, sections.AFTER_SPLIT = 6, 3
    try:
        parts = laid_out(paths)
    finally:
        sections.MOST_NAMES, sections.AFTER_SPLIT = before
    layout = Layout({key: Stored(1, len(part)) for key, part in parts.items()})
    assert set().union(*parts.values()) == paths
    assert all(layout.home(path) == key for key, part in parts.items() for path in part)
    for selection in (
        select(asked),
        select([f"{path}." for path in asked]),
        select(["*1*", *asked]),
    ):
        reached = {path for key in layout.reached(selection) for path in parts[key]}
        assert {path for path in paths if selection.has(path)} <= reached
