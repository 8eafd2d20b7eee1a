"""Cron expressions on the wall clocks of places that change theirs."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.schedules import Recurrence, is_cron, is_timezone

PRAGUE = "Europe/Prague"  # 2024: forward at 02:00 on March 31, back at 03:00 on October 27


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def times(cron, timezone, after, count):
    """The next times in UTC, as text without year and seconds."""
    found, moment = [], utc(after)
    for _ in range(count):
        moment = Recurrence(cron, timezone).next_after(moment)
        found.append(datetime.fromtimestamp(moment, UTC).strftime("%m-%d %H:%M"))
    return found


def test_a_time_of_day_is_the_one_on_the_wall():
    assert times("30 2 * * *", "UTC", "2024-03-30T00:00", 2) == ["03-30 02:30", "03-31 02:30"]
    assert times("0 12 * * *", PRAGUE, "2024-03-30T00:00", 3) == [
        "03-30 11:00",
        "03-31 10:00",
        "04-01 10:00",
    ]


def test_a_skipped_local_time_runs_once_when_the_clock_has_jumped():
    assert times("30 2 * * *", PRAGUE, "2024-03-30T00:00", 3) == [
        "03-30 01:30",
        "03-31 01:00",
        "04-01 00:30",
    ]


def test_several_skipped_local_times_run_once_together():
    assert times("*/15 2 * * *", PRAGUE, "2024-03-31T00:00", 2) == ["03-31 01:00", "04-01 00:00"]


def test_a_repeated_local_time_runs_at_its_first_coming_alone():
    assert times("30 2 * * *", PRAGUE, "2024-10-26T00:00", 3) == [
        "10-26 00:30",
        "10-27 00:30",
        "10-28 01:30",
    ]
    assert times("*/30 2 * * *", PRAGUE, "2024-10-27T00:00", 2) == ["10-27 00:30", "10-28 01:00"]


@pytest.mark.parametrize("asked_at", ["00:29", "00:30", "00:59", "01:00", "01:15", "01:30"])
def test_asking_within_the_repeated_hour_does_not_bring_it_back(asked_at):
    expected = "10-27 00:30" if asked_at == "00:29" else "10-28 01:30"
    assert times("30 2 * * *", PRAGUE, f"2024-10-27T{asked_at}", 1) == [expected]


def test_work_of_every_hour_goes_by_the_time_that_passes():
    assert times("0 * * * *", PRAGUE, "2024-10-26T23:30", 4) == [
        "10-27 00:00",
        "10-27 01:00",
        "10-27 02:00",
        "10-27 03:00",
    ]
    assert times("0 * * * *", PRAGUE, "2024-03-31T00:30", 2) == ["03-31 01:00", "03-31 02:00"]


def test_a_midnight_that_is_skipped_runs_at_one():
    # Beirut jumps from 00:00 to 01:00.
    assert times("0 0 * * *", "Asia/Beirut", "2024-03-30T00:00", 2) == [
        "03-30 22:00",
        "03-31 21:00",
    ]


def test_a_whole_skipped_day_runs_when_it_is_over():
    # Samoa had no 30 December 2011.
    assert times("0 12 30 12 *", "Pacific/Apia", "2011-12-29T00:00", 1) == ["12-30 10:00"]


def test_what_never_comes_has_no_next_time():
    assert Recurrence("0 0 */31 2 MON#5").next_after(0.0) is None


@given(
    st.sampled_from(["30 2 * * *", "*/20 1-3 * * *", "0 * * * *", "0 0 * * SUN", "15 */6 1 * *"]),
    st.sampled_from([PRAGUE, "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "UTC"]),
    st.integers(1_600_000_000, 1_900_000_000),
)
def test_times_only_go_forward_and_never_repeat_a_local_time(cron, timezone, start):
    recurrence, moments = Recurrence(cron, timezone), [float(start)]
    for _ in range(30):
        moments.append(recurrence.next_after(moments[-1]))
    assert all(before < after for before, after in pairwise(moments))
    if cron.split()[1] != "*":
        local = [
            datetime.fromtimestamp(each, ZoneInfo(timezone)).replace(tzinfo=None)
            for each in moments[1:]
        ]
        assert len(set(local)) == len(local)


@pytest.mark.parametrize(
    "text", ["0 0 * * *", "*/5 1-3 1,15 JAN-MAR MON", "0  2 L * *", "0 0 * * 5#1", "0 0 * * 7"]
)
def test_expressions_of_five_fields_are_taken(text):
    assert is_cron(text)


@pytest.mark.parametrize("text", ["0 0 31 2 *", "0 0 30 FEB *", "0 0 31 4,6 *", "* * 31 9 *"])
def test_a_day_that_its_months_do_not_have_is_an_expression_and_never_comes(text):
    assert is_cron(text)
    assert Recurrence(text, PRAGUE).next_after(0.0) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",  # seconds
        "60 * * * *",
        "@daily",
        "0 0 * * MON#6",
        "*/0 * * * *",
        "0 0 30 13 *",
        "a b c d e",
        "0 0 * * *\n",
        "٣ 0 * * *",
        "0," * 60 + "0 0 * * *",
    ],
)
def test_what_is_no_expression_is_refused(text):
    assert not is_cron(text)


@given(st.text(max_size=120) | st.from_regex(r"([0-9A-Z*,/#L-]{1,6} ){4}[0-9A-Z*,/#L-]{1,6}"))
def test_no_text_breaks_the_reader(text):
    if is_cron(text):
        Recurrence(text).next_after(0.0)


def test_time_zones_are_known_by_their_iana_names():
    assert all(map(is_timezone, ["UTC", PRAGUE, "America/Argentina/Ushuaia", "Etc/GMT+5"]))
    for text in ["", "Europe", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe/\0"]:
        assert not is_timezone(text)
