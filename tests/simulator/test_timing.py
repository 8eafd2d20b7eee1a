"""When sessions are due."""

from random import Random

import pytest

from simulator.timing import stamp, until_periodic_s, until_retry_s
from simulator.tree import Tree, load

NOON = 1_700_049_600.0  # 2023-11-15T12:00:00Z
SERVER = "Device.ManagementServer."


@pytest.fixture
def tree():
    return Tree(load("tr181-gateway"))


def test_the_first_period_counts_from_the_boot(tree):
    tree.set(f"{SERVER}PeriodicInformInterval", "300")
    assert until_periodic_s(tree, NOON + 100, NOON) == 200


def test_a_timer_that_fires_a_little_early_does_not_fire_twice(tree):
    tree.set(f"{SERVER}PeriodicInformInterval", "300")
    assert until_periodic_s(tree, NOON + 299.999, NOON) == pytest.approx(300.001)


def test_the_phase_is_the_time_that_the_acs_sets(tree):
    tree.set(f"{SERVER}PeriodicInformInterval", "3600")
    tree.set(f"{SERVER}PeriodicInformTime", "2020-01-01T00:10:00Z")
    assert until_periodic_s(tree, NOON + 50, NOON - 7) == 550


def test_periodic_informs_can_be_off(tree):
    tree.set(f"{SERVER}PeriodicInformEnable", "false")
    assert until_periodic_s(tree, NOON, NOON) is None


@pytest.mark.parametrize(
    ("failures", "least", "most"),
    [(1, 5, 10), (2, 10, 20), (5, 80, 160), (10, 2560, 5120), (50, 2560, 5120)],
)
def test_retries_wait_within_the_range_of_the_standard(tree, failures, least, most):
    waits = [until_retry_s(tree, failures, Random(seed)) for seed in range(50)]
    assert least <= min(waits) < max(waits) <= most


def test_the_acs_may_choose_the_range(tree):
    tree.set(f"{SERVER}CWMPRetryMinimumWaitInterval", "100")
    tree.set(f"{SERVER}CWMPRetryIntervalMultiplier", "1000")
    assert until_retry_s(tree, 7, Random(1)) == 100


def test_times_are_written_without_fractions_in_utc():
    assert stamp(NOON + 0.9) == "2023-11-15T12:00:00Z"
