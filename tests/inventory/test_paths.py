"""Wildcards mean what they say, whatever a stranger writes."""

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from inventory.paths import natural, select


def test_a_star_that_is_a_component_stands_for_one_component() -> None:
    selection = select(["Device.WiFi.SSID.*.Enable"])
    assert selection.has("Device.WiFi.SSID.10.Enable")
    assert not selection.has("Device.WiFi.SSID.10.Stats.Enable")
    assert not selection.has("Device.WiFi.SSID..Enable")


def test_any_other_star_stands_for_any_characters() -> None:
    assert select(["Device.WiFi.*"]).has("Device.WiFi.SSID.1.SSID")
    assert select(["Device.*Address"]).has("Device.IP.Interface.1.IPAddress")
    assert select(["*MAC*"]).has("Device.Ethernet.Interface.1.MACAddress")
    assert not select(["*MAC"]).has("Device.Ethernet.Interface.1.MACAddress")


def test_other_signs_are_only_signs() -> None:
    selection = select(["Device.X[1].(a|b)*"])
    assert selection.has("Device.X[1].(a|b).c")
    assert not selection.has("Device.X1.a")


WORDS = st.text(alphabet="ab.", max_size=12)


@given(pieces=st.lists(st.text(alphabet="ab", max_size=3), min_size=2, max_size=5), path=WORDS)
def test_stars_inside_components_match_as_in_a_plain_pattern(pieces: list[str], path: str) -> None:
    wild = "x" + "*".join(pieces)
    plain = ".*".join(map(re.escape, ["x" + pieces[0], *pieces[1:]]))
    assert select([wild]).has("x" + path) == bool(re.fullmatch(plain, "x" + path, re.DOTALL))


def test_a_pattern_made_to_be_slow_is_not() -> None:
    selection = select(["*a" * 100 + "b"])
    start = time.perf_counter()
    assert not selection.has("a" * 512)
    assert time.perf_counter() - start < 0.1


def test_numbers_sort_as_numbers() -> None:
    paths = ["D.10.a", "D.9.b", "D.2.WEPKey10", "D.2.WEPKey9", "D.1.x"]
    assert sorted(paths, key=natural) == ["D.1.x", "D.2.WEPKey9", "D.2.WEPKey10", "D.9.b", "D.10.a"]
