"""The key tells whether a request was applied, whether others changed the device, and resets."""

from hypothesis import given
from hypothesis import strategies as st

from inventory.parameter_key import Keys, after_inform, is_settled, shows_reset


def test_the_outstanding_key_means_that_the_request_was_applied():
    after = after_inform(Keys("k1", "k2", "k1"), "k2", 5.0)
    assert (after.confirmed, after.outstanding, after.keeps) == ("k2", None, True)


def test_a_device_that_shows_the_key_before_the_confirmed_one_does_not_store_keys():
    after = after_inform(Keys(confirmed="k1", reported=""), "", 5.0)
    assert after.keeps is False
    assert after.drift_since is None
    assert is_settled(after, "")


def test_a_foreign_key_is_drift_since_it_was_first_seen():
    after = after_inform(Keys(confirmed="k1", reported="k1", keeps=True), "other", 5.0)
    assert after.drift_since == 5.0
    assert after_inform(after, "another", 9.0).drift_since == 5.0


def test_an_empty_key_of_a_device_that_stores_them_is_drift():
    assert after_inform(Keys("k1", None, "k1", keeps=True), "", 5.0).drift_since == 5.0


def test_a_confirmed_key_is_no_reset_and_any_other_is():
    keys = Keys(confirmed="k1")
    assert not shows_reset(keys, "k1")
    assert shows_reset(keys, "")
    assert shows_reset(keys, None)
    assert shows_reset(keys, "other")


KEYS = st.sampled_from(["", "k1", "k2", "k3"])
MAYBE = st.none() | KEYS
STATES = st.builds(
    Keys,
    confirmed=MAYBE,
    outstanding=st.none() | st.just("k9"),
    reported=MAYBE,
    keeps=st.none() | st.booleans(),
    drift_since=st.none() | st.just(1.0),
)


@given(STATES, MAYBE)
def test_a_settled_inform_changes_nothing_but_what_was_reported(keys, reported):
    if is_settled(keys, reported):
        after = after_inform(keys, reported, 5.0)
        assert after.confirmed == keys.confirmed
        assert after.outstanding == keys.outstanding
        assert after.drift_since == keys.drift_since


@given(STATES, MAYBE)
def test_the_same_inform_twice_is_the_same_as_once(keys, reported):
    once = after_inform(keys, reported, 5.0)
    twice = after_inform(once, reported, 5.0)
    assert twice.confirmed == once.confirmed
    assert twice.outstanding == once.outstanding
    assert twice.drift_since == once.drift_since
