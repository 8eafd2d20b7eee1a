"""A device that comes with its factory credentials: let in or not, and what it is given then."""

import asyncio

import pytest

from acs.cwmp import messages as m
from acs.cwmp.httpauth import BasicAuthorization
from inventory import access, devices, explaining, sealed_variables, types
from inventory.admission import Shared
from inventory.devices import Family, Key, Setup
from inventory.query import ANY_VERSION

PERSON = access.of_the_house("tests")
SERVER = "Device.ManagementServer."


def shows(username, password):
    return BasicAuthorization("basic", username, password=password)


OWN, FACTORY, WRONG = shows("u", "own"), shows("factory", "onboard"), shows("u", "wrong")


class Place:
    """An office, with a type whose devices leave the factory with onboarding credentials."""

    def __init__(self, office):
        self.office, self.setup = office, Setup(office.policy.vault)

    async def furnish(self, **fields):
        made = {
            "short_name": "router",
            "match_oui": "*",
            "onboarding_username": "factory",
            "onboarding_password": "onboard",
            **fields,
        }
        await self.office.store.write(types.create, PERSON, made, self.setup.vault, 1.0)

    async def preregister(self):
        fields = {"name": "r1", "serial_number": "1", "username": "u", "password": "own", "type": 1}
        await self.office.store.write(devices.create, PERSON, fields, self.setup, 1.0)

    async def change(self, **fields):
        await self.office.store.write(
            devices.change,
            PERSON,
            Key(Family.ID, 1),
            fields,
            self.setup,
            ANY_VERSION,
            self.office.clock(),
        )

    async def reasons(self):
        await self.office.sessions.settle_notes()
        told = await self.office.store.read(
            explaining.explain, PERSON, Key(Family.ID, 1), self.office.clock()
        )
        return {reason.code: reason for reason in told.reasons}

    async def alerts(self):
        await self.office.sessions.settle_notes()
        rows = await self.office.rows("SELECT text FROM device_log WHERE kind = 'alert'")
        return [text for (text,) in rows]


@pytest.fixture
def place(office):
    return Place(office)


async def comes(cpe, authorization, *events):
    cpe.authorization = authorization
    return (await cpe.inform(*events)).status


async def is_given(cpe):
    """What is set on the device in the rest of its session, by the last part of its name."""
    given = {}
    asked = await cpe.say(None)
    while asked.status == 200:
        request = asked.envelope.body
        assert isinstance(request, m.SetParameterValues)
        given |= {each.name.removeprefix(SERVER): each.value for each in request.parameter_list}
        cpe.key = request.parameter_key
        asked = await cpe.answer(asked, m.SetParameterValuesResponse())
    return given


RESTORED = {"Username": "u", "Password": "own"}
LET_IN = "let in by its type's onboarding credentials"
ASKS = "asks to be let in by onboarding credentials"
REFUSED = "refused with 401: wrong credentials"


async def enrolled(cpe, place, **fields):
    """A device that has its own credentials, and has proved it."""
    await place.furnish(**fields)
    await place.preregister()
    assert await comes(cpe, OWN, "0 BOOTSTRAP") == 200
    assert RESTORED.items().isdisjoint((await is_given(cpe)).items())
    place.office.clock.pass_(60)


async def reset(cpe):
    cpe.key = ""
    return await comes(cpe, FACTORY, "0 BOOTSTRAP")


async def test_a_device_that_was_reset_is_given_its_own_credentials_again(cpe, place):
    await enrolled(cpe, place)
    assert await reset(cpe) == 200
    given = await is_given(cpe)
    assert RESTORED.items() <= given.items()
    assert list(given)[:2] == list(RESTORED)  # before anything else
    assert await comes(cpe, OWN) == 200
    assert await comes(cpe, FACTORY) == 401
    assert await place.alerts() == [LET_IN, REFUSED]


async def test_both_are_accepted_until_the_device_proves_that_it_has_its_own(cpe, place, office):
    await enrolled(cpe, place)
    await reset(cpe)
    cpe.lose_connection()
    office.clock.pass_(60)
    assert await comes(cpe, FACTORY) == 200
    assert RESTORED.items() <= (await is_given(cpe)).items()
    assert await comes(cpe, OWN) == 200
    assert await comes(cpe, FACTORY) == 401


async def test_what_is_set_again_stands_nowhere_in_clear(cpe, place, office):
    await enrolled(cpe, place)
    await reset(cpe)
    await is_given(cpe)
    rows = await office.rows("SELECT request FROM operations")
    assert '"own"' not in str(rows)
    assert sealed_variables.MASK not in str(rows)


async def test_a_factory_new_device_is_given_the_credentials_of_its_record(cpe, place):
    await place.furnish()
    await place.preregister()
    assert await comes(cpe, FACTORY, "0 BOOTSTRAP") == 200
    assert RESTORED.items() <= (await is_given(cpe)).items()
    assert await comes(cpe, OWN) == 200


async def test_a_reset_undoes_a_new_password_that_was_not_proved_yet(cpe, place):
    await enrolled(cpe, place)
    await place.change(password="new")
    await comes(cpe, OWN)
    assert (await is_given(cpe))["Password"] == "new"
    cpe.key = ""
    assert await comes(cpe, OWN, "0 BOOTSTRAP") == 200
    assert (await is_given(cpe))["Password"] == "new"


SHARED = {"of a type": {"username": "fleet", "password": "of all"}, "of the server": {}}


@pytest.mark.parametrize("fields", SHARED.values(), ids=SHARED)
async def test_a_factory_pair_obtains_a_pair_of_the_device_alone_and_no_shared_one(
    cpe, place, office, fields
):
    office.restart(shared=Shared("fleet", "of all"))
    await place.furnish(**fields)
    assert await comes(cpe, FACTORY, "0 BOOTSTRAP") == 200
    given = await is_given(cpe)
    assert "fleet" not in given.values()
    assert "of all" not in given.values()
    own = shows(given["Username"], given["Password"])
    assert given["Password"] not in str(await office.rows("SELECT request FROM operations"))
    assert await comes(cpe, FACTORY) == 200
    assert await comes(cpe, own) == 200
    assert await comes(cpe, FACTORY) == 401
    assert await reset(cpe) == 200
    again = await is_given(cpe)
    assert (again["Username"], again["Password"]) == (given["Username"], given["Password"])


async def test_a_user_name_that_a_person_gave_stays_with_the_random_password(cpe, place):
    await place.furnish(username="fleet", password="of all")
    await comes(cpe, shows("fleet", "of all"), "0 BOOTSTRAP")
    await is_given(cpe)
    await place.change(username="cpe-7")
    assert await reset(cpe) == 200
    given = await is_given(cpe)
    assert given["Username"] == "cpe-7"
    assert await comes(cpe, shows("cpe-7", given["Password"])) == 200


async def test_what_all_share_is_valid_until_the_device_has_taken_a_pair_of_its_own(cpe, place):
    await place.furnish(username="fleet", password="of all")
    assert await comes(cpe, shows("fleet", "of all"), "0 BOOTSTRAP") == 200
    await is_given(cpe)
    assert await comes(cpe, FACTORY, "0 BOOTSTRAP") == 200
    assert await comes(cpe, shows("fleet", "of all")) == 200


async def test_after_an_hour_onboarding_credentials_count_on_bootstrap_alone(cpe, place, office):
    await enrolled(cpe, place)
    await reset(cpe)
    cpe.lose_connection()
    office.clock.pass_(3599)
    assert await comes(cpe, FACTORY) == 200
    cpe.lose_connection()
    office.clock.pass_(1)
    assert await comes(cpe, FACTORY) == 401
    assert await reset(cpe) == 200


async def test_the_hour_is_not_begun_anew_by_a_bootstrap_that_it_let_in(cpe, place, office):
    await enrolled(cpe, place, onboarding_policy="approve")
    await place.change(approve_onboarding=True)
    assert await reset(cpe) == 200
    for _ in range(2):
        office.clock.pass_(1200)
        assert await reset(cpe) == 200
        assert RESTORED.items() <= (await is_given(cpe)).items()
    office.clock.pass_(1200)
    assert await comes(cpe, FACTORY) == 401
    assert await reset(cpe) == 401


async def test_onboarding_is_one_line_of_the_log_an_hour(cpe, place, office):
    await enrolled(cpe, place)
    for _ in range(8):
        assert await reset(cpe) == 200
        office.clock.pass_(900)
    assert (await place.alerts()).count(LET_IN) == 2


async def test_a_stranger_with_the_factory_pair_does_not_lock_out_who_holds_the_older_password(
    cpe, place
):
    await enrolled(cpe, place)
    await place.change(password="new")
    assert await reset(cpe) == 200
    assert await comes(cpe, OWN) == 200


async def test_a_first_registration_by_onboarding_credentials_is_logged(cpe, place):
    await place.furnish()
    assert await comes(cpe, FACTORY, "0 BOOTSTRAP") == 200
    assert await place.alerts() == [LET_IN]


# --- Approval --------------------------------------------------------------------------------


async def test_under_approve_a_person_is_told_and_lets_the_device_in_once(cpe, place, office):
    await enrolled(cpe, place, onboarding_policy="approve")
    assert await reset(cpe) == 401
    assert await place.alerts() == [ASKS]
    reason = (await place.reasons())["onboarding_refused"]
    assert (reason.since, reason.details["count"]) == (office.clock(), 1)
    await place.change(approve_onboarding=True)
    office.clock.pass_(60)
    assert await comes(cpe, FACTORY) == 401  # no BOOTSTRAP
    office.clock.pass_(60)
    assert await reset(cpe) == 200
    assert "onboarding_refused" not in await place.reasons()
    assert RESTORED.items() <= (await is_given(cpe)).items()
    assert await comes(cpe, OWN) == 200
    assert await reset(cpe) == 401
    audit = await office.rows("SELECT details FROM audit WHERE action = 'change'")
    assert audit == [('{"approve_onboarding": true}',)]


async def test_an_approval_can_be_taken_back(cpe, place):
    await enrolled(cpe, place, onboarding_policy="approve")
    await place.change(approve_onboarding=True)
    await place.change(approve_onboarding=False)
    assert await reset(cpe) == 401


# --- Refusals --------------------------------------------------------------------------------


async def test_wrong_credentials_are_counted_and_are_one_line_an_hour(cpe, place, office):
    await enrolled(cpe, place)
    for _ in range(121):
        assert await comes(cpe, WRONG) == 401
        office.clock.pass_(30)
    assert await place.alerts() == [REFUSED, REFUSED]
    reason = (await place.reasons())["authentication_refused"]
    assert reason.details["count"] == 121
    assert reason.details["address"] == "192.0.2.1"
    assert await comes(cpe, OWN) == 200
    assert "authentication_refused" not in await place.reasons()


async def test_a_refusal_is_answered_though_nothing_can_be_written(cpe, place, office, caplog):
    await enrolled(cpe, place)
    await office.store.write(lambda tx: tx.run("DROP TABLE refusals"))
    assert await comes(cpe, WRONG) == 401
    await office.sessions.settle_notes()
    assert "a refusal of device 1 is not noted" in caplog.text


async def test_a_refusal_is_answered_before_it_is_written(cpe, place, office, monkeypatch):
    await enrolled(cpe, place)
    gate, note = asyncio.Event(), office.store.write_later

    async def write_at_last(*work):
        await gate.wait()
        await note(*work)

    monkeypatch.setattr(office.store, "write_later", write_at_last)
    async with asyncio.timeout(5):
        assert await comes(cpe, WRONG) == 401
    gate.set()
    assert await place.alerts() == [REFUSED]


async def test_a_stranger_that_is_refused_leaves_nothing(cpe, place, office):
    office.restart(shared=Shared("cpe", "secret"))
    assert await comes(cpe, WRONG, "0 BOOTSTRAP") == 401
    assert await office.rows("SELECT * FROM refusals") == []
    assert await office.rows("SELECT id FROM devices") == []


async def test_a_device_without_credentials_is_challenged_and_that_is_no_refusal(cpe, place):
    await enrolled(cpe, place)
    assert await comes(cpe, None) == 401
    assert await place.alerts() == []
