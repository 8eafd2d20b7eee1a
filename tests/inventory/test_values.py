"""The parameter cache: what a device told is recalled, cheaply laid out, sealed where secret."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory import values
from inventory.errors import Invalid, Superseded
from inventory.records.values import DEVICES
from inventory.secrets import Vault, is_secret_name
from inventory.sections import FIRST_KEY, decode
from inventory.sqlite.store import SqliteStore
from inventory.store import Transaction
from inventory.values import HeldValue, Model, Reported, Source

MODEL = Model("Example", "001122", "GW", "1.0")
SSID = "Device.WiFi.SSID.1.SSID"
PASSPHRASE = "Device.WiFi.AccessPoint.1.Security.KeyPassphrase"


class Cache:
    """The cache of a store with two devices, with its arguments filled in."""

    def __init__(self, store: SqliteStore, vault: Vault) -> None:
        self.store, self.vault = store, vault

    async def remember(
        self,
        told: dict[str, str],
        source: Source = Source.GET,
        now: float = 100.0,
        *,
        device: int = 1,
        value_type: str = "string",
        model: Model = MODEL,
        **further: Any,
    ) -> None:
        reported = [Reported(path, value, value_type) for path, value in told.items()]
        await values.remember(
            self.store, self.vault, device, model, reported, source, now, **further
        )

    async def recall(
        self, *paths: str, device: int = 1, model: Model = MODEL, **window: int
    ) -> list[HeldValue]:
        return await values.recall(self.store, self.vault, device, model, paths, **window)

    async def told(self, *paths: str, device: int = 1) -> dict[str, str]:
        return {held.path: held.value for held in await self.recall(*paths, device=device)}

    async def bodies(self) -> dict[str, bytes]:
        """The documents as they stand in the database."""

        def read(tx: Transaction) -> dict[str, bytes]:
            rows = tx.all("SELECT section, body FROM device_values WHERE device_id = 1")
            return {row["section"]: row["body"] for row in rows}

        return await self.store.read(read)


def add_devices(tx: Transaction) -> None:
    for number in (1, 2):
        tx.run(
            """INSERT INTO devices (id, uuid, name, organization_id, last_change, created)
               VALUES (:id, :name, :name, 1, 0, 0)""",
            id=number,
            name=f"device-{number}",
        )
        tx.run(
            """INSERT INTO presence (device_id, is_up, status_change, interval_s)
               VALUES (:id, TRUE, 0, 300)""",
            id=number,
        )


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[Cache]:
    async with await SqliteStore.open(tmp_path / "inventory.db") as store:
        await store.write(add_devices)
        yield Cache(store, Vault.load(tmp_path / "key"))


# --- Remembered and recalled -------------------------------------------------------------------


async def test_what_was_told_is_recalled_with_type_time_and_source(cache: Cache) -> None:
    await cache.remember({SSID: "home"}, Source.GET, 1234.5678)
    assert await cache.recall(SSID) == [
        HeldValue(SSID, "home", "string", None, 1234.568, Source.GET)
    ]
    assert await cache.recall(SSID, device=2) == []


async def test_a_later_report_replaces_what_it_names_and_leaves_the_rest(cache: Cache) -> None:
    await cache.remember({SSID: "old", "Device.WiFi.SSID.2.SSID": "other"}, now=1.0)
    await cache.remember({SSID: "new"}, now=2.0)
    held = {each.path: (each.value, each.updated) for each in await cache.recall()}
    assert held == {SSID: ("new", 2.0), "Device.WiFi.SSID.2.SSID": ("other", 1.0)}


async def test_reports_at_the_same_time_are_all_kept(cache: Cache) -> None:
    told = [{f"Device.WiFi.SSID.{number}.SSID": str(number)} for number in range(20)]
    await asyncio.gather(*(cache.remember(each) for each in told))
    assert len(await cache.recall()) == 20


async def test_names_partial_paths_and_wildcards_select(cache: Cache) -> None:
    names = [
        "Device.RootDataModelVersion",
        "Device.WiFi.SSID.1.SSID",
        "Device.WiFi.SSID.10.SSID",
        "Device.WiFi.SSID.10.Stats.BytesSent",
        "Device.WiFi.SSIDNumberOfEntries",
        "Device.IP.Interface.1.Enable",
    ]
    await cache.remember(dict.fromkeys(names, "x"))

    async def selected(*paths: str) -> set[str]:
        return set(await cache.told(*paths))

    assert await selected() == set(names)
    assert await selected("") == set(names)
    assert await selected("Device.") == set(names)
    assert await selected("Device.RootDataModelVersion") == {names[0]}
    assert await selected("Device.WiFi.SSID.") == set(names[1:4])
    assert await selected("Device.WiFi.SSID.10.", names[5]) == {*names[2:4], names[5]}
    assert await selected("Device.WiFi.SSID.*.SSID") == set(names[1:3])
    assert await selected("*BytesSent") == {names[3]}
    assert await selected("*.RootDataModelVersion") == {names[0]}
    assert await selected("Device.WiFi.*.10.") == set(names[2:4])
    assert await selected("Device.WiFi.SSID", "Device.WiFi.Nothing.", "X.") == set()


async def test_instance_numbers_sort_as_numbers_and_can_be_paged(cache: Cache) -> None:
    names = [f"Device.WiFi.SSID.{number}.SSID" for number in range(1, 30)]
    await cache.remember(dict.fromkeys(reversed(names), "x"))
    assert [each.path for each in await cache.recall()] == names
    page = await cache.recall("Device.WiFi.", limit=3, offset=9)
    assert [each.path for each in page] == names[9:12]
    assert await cache.recall(limit=5, offset=100) == []


async def test_text_that_cannot_be_stored_is_replaced(cache: Cache) -> None:
    await cache.remember({"Device.X.A": "a\0b\ud800"})
    assert await cache.told() == {"Device.X.A": "a�b�"}


async def test_hostile_names_and_values_are_not_kept_and_harm_nothing(cache: Cache) -> None:
    odd = {"": "e", "x": "1", "..": "2", ".a": "3", "Device": "4", "a" * 513: "5", "Object.": "6"}
    await cache.remember({**odd, "Device.X.Long": "x" * 65_537, SSID: "kept"})
    assert await cache.told() == {"": "e", "x": "1", ".a": "3", "Device": "4", SSID: "kept"}


async def test_a_device_cannot_fill_the_database_with_names(cache: Cache) -> None:
    await cache.remember({SSID: "before"})
    await cache.remember({f"Device.X.{number}.Y": "" for number in range(50_020)})
    await cache.remember({SSID: "after"})
    held = await cache.told()
    assert len(held) == 50_000
    assert held[SSID] == "after"


async def test_a_superseded_session_writes_nothing(cache: Cache) -> None:
    def guard(tx: Transaction) -> None:
        raise Superseded

    with pytest.raises(Superseded):
        await cache.remember({SSID: "late"}, guard=guard)
    assert await cache.recall() == []
    names = await cache.store.read(lambda tx: tx.all("SELECT path FROM parameter_names"))
    assert list(names) == []


# --- Set and Inform ------------------------------------------------------------------------------


async def test_a_value_that_was_set_and_reads_back_empty_is_write_only(cache: Cache) -> None:
    await cache.remember({PASSPHRASE: "hunter22", SSID: "home"}, Source.SET, 1.0)
    await cache.remember({PASSPHRASE: "", SSID: "other"}, Source.GET, 2.0)
    held = {each.path: (each.value, each.source) for each in await cache.recall()}
    assert held == {PASSPHRASE: ("hunter22", Source.SET), SSID: ("other", Source.GET)}
    await cache.remember({PASSPHRASE: ""}, Source.SET, 3.0)
    assert await cache.told(PASSPHRASE) == {PASSPHRASE: ""}


async def test_a_value_that_was_only_read_may_become_empty(cache: Cache) -> None:
    await cache.remember({SSID: "home"}, Source.GET, 1.0)
    await cache.remember({SSID: ""}, Source.GET, 2.0)
    assert await cache.told() == {SSID: ""}


async def test_the_devices_word_on_a_type_stands_against_ours(cache: Cache) -> None:
    await cache.remember({SSID: "1"}, Source.GET, value_type="unsignedInt")
    await cache.remember({SSID: "2"}, Source.SET, value_type="string")
    assert [(each.value, each.value_type) for each in await cache.recall()] == [
        ("2", "unsignedInt")
    ]


async def test_the_last_inform_is_merged_and_the_newer_value_wins(cache: Cache) -> None:
    def inform(tx: Transaction, told: dict[str, str], time: float) -> None:
        packed = values.pack_reported([Reported(*each, "string") for each in told.items()])
        tx.run("UPDATE devices SET inform_values = :packed WHERE id = 1", packed=packed)
        tx.run("UPDATE presence SET last_inform = :time WHERE device_id = 1", time=time)

    url = "Device.ManagementServer.ConnectionRequestURL"
    await cache.remember({SSID: "read", url: "http://old"}, Source.GET, 50.0)
    await cache.store.write(inform, {url: "http://new", "Device.DeviceInfo.UpTime": "9"}, 60.0)
    assert await cache.told() == {
        SSID: "read",
        url: "http://new",
        "Device.DeviceInfo.UpTime": "9",
    }
    assert [(each.source, each.updated) for each in await cache.recall(url)] == [
        (Source.INFORM, 60.0)
    ]
    await cache.remember({url: "http://newest"}, Source.GET, 70.0)
    assert await cache.told(url) == {url: "http://newest"}
    assert set(await cache.told("Device.DeviceInfo.")) == {"Device.DeviceInfo.UpTime"}


TEXTS = st.text(max_size=20)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=12))
def test_an_informs_parameters_are_unpacked_as_they_were(told: list[tuple[str, str, str]]) -> None:
    every = [Reported(*(text.replace("\0", "") for text in each)) for each in told]
    reported = [each for each in every if not is_secret_name(each.path)]
    assert values.unpack_reported(values.pack_reported(reported)) == reported


def test_an_informs_secrets_are_not_packed() -> None:
    packed = values.pack_reported([Reported(PASSPHRASE, "x", "string"), Reported(SSID, "y", "s")])
    assert [each.path for each in values.unpack_reported(packed)] == [SSID]


# --- Secrets -----------------------------------------------------------------------------------


async def test_secrets_are_sealed_at_rest_and_clear_when_recalled(cache: Cache) -> None:
    await cache.remember({PASSPHRASE: "hunter22", SSID: "home"})
    (body,) = (await cache.bodies()).values()
    sealed, clear = decode(body).values
    assert clear == "home"
    assert isinstance(sealed, bytes)
    assert b"hunter22" not in sealed
    assert await cache.told(PASSPHRASE) == {PASSPHRASE: "hunter22"}


async def test_further_names_can_be_declared_secret(cache: Cache, tmp_path: Path) -> None:
    import re

    cache.vault = Vault.load(tmp_path / "key", [re.compile(r"\.SSID$")])
    await cache.remember({SSID: "home"})
    (body,) = (await cache.bodies()).values()
    assert isinstance(decode(body).values[0], bytes)
    assert await cache.told() == {SSID: "home"}


# --- Large devices -----------------------------------------------------------------------------


def large() -> dict[str, str]:
    return {
        f"Device.Hosts.Host.{host}.P{parameter}": f"{host}-{parameter}"
        for host in range(300)
        for parameter in range(10)
    }


async def test_large_objects_are_cut_and_lose_nothing(cache: Cache) -> None:
    told = large()
    await cache.remember(told)
    assert await cache.told() == told
    assert len(await cache.bodies()) > 5
    for path in random.Random(1).sample(sorted(told), 20):
        assert await cache.told(path) == {path: told[path]}
    assert await cache.told("Device.Hosts.Host.17.") == {
        f"Device.Hosts.Host.17.P{parameter}": f"17-{parameter}" for parameter in range(10)
    }


async def test_a_change_of_a_few_values_rewrites_only_their_sections(cache: Cache) -> None:
    told = large()
    await cache.remember(told)
    before = await cache.bodies()
    changed = {f"Device.Hosts.Host.17.P{parameter}": "new" for parameter in range(10)}
    await cache.remember(changed)
    after = await cache.bodies()
    assert before.keys() == after.keys()
    assert sum(before[key] != after[key] for key in before) <= 2
    assert await cache.told() == told | changed


async def test_names_told_piece_by_piece_end_up_as_if_told_at_once(cache: Cache) -> None:
    told = large()
    paths = random.Random(2).sample(sorted(told), len(told))
    for start in range(0, len(paths), 700):
        await cache.remember({path: told[path] for path in paths[start : start + 700]})
    assert await cache.told() == told


# --- Forgotten ---------------------------------------------------------------------------------


async def test_after_a_reset_nothing_is_held(cache: Cache) -> None:
    await cache.remember({SSID: "home"})
    await cache.remember({SSID: "other"}, device=2)
    await cache.store.write(values.forget, 1)
    assert await cache.told() == {}
    assert await cache.told(device=2) == {SSID: "other"}
    assert [each.device_id for each in await values.search(cache.store, SSID, "home")] == []


async def test_a_deleted_object_is_forgotten_with_all_below_it_and_nothing_beside(
    cache: Cache,
) -> None:
    told = large() | {SSID: "home"}
    await cache.remember(told)
    await cache.store.write(values.forget, 1, ("Device.Hosts.Host.1.", "Device.WiFi."))
    left = {
        path: value for path, value in told.items() if not path.startswith("Device.Hosts.Host.1.")
    }
    del left[SSID]
    assert await cache.told() == left
    assert await values.search(cache.store, SSID, "home") == []
    await cache.remember({"Device.Hosts.Host.1.P0": "again"})
    assert await cache.told("Device.Hosts.Host.1.") == {"Device.Hosts.Host.1.P0": "again"}


class Meddled:
    """A store in which something happens right after the next read, once."""

    def __init__(self, store: SqliteStore) -> None:
        self.write, self.write_later, self._read = store.write, store.write_later, store.read
        self.meddle: Any = None

    async def read(self, *query: Any) -> Any:
        result = await self._read(*query)
        meddle, self.meddle = self.meddle, None
        if meddle is not None:
            await meddle()
        return result

    glance = read


async def test_values_that_are_forgotten_meanwhile_do_not_come_back(cache: Cache) -> None:
    meddled = Meddled(cache.store)
    racer = Cache(meddled, cache.vault)  # type: ignore[arg-type]
    await racer.remember({SSID: "old", "Device.WiFi.SSID.2.SSID": "stale"})
    meddled.meddle = lambda: cache.store.write(values.forget, 1)
    await racer.remember({SSID: "new"})
    assert await cache.told() == {SSID: "new"}


async def test_values_that_another_session_writes_meanwhile_stay(cache: Cache) -> None:
    meddled = Meddled(cache.store)
    racer = Cache(meddled, cache.vault)  # type: ignore[arg-type]
    await racer.remember({SSID: "old"})
    meddled.meddle = lambda: cache.remember({"Device.WiFi.SSID.2.SSID": "theirs"})
    await racer.remember({SSID: "new"})
    assert await cache.told() == {SSID: "new", "Device.WiFi.SSID.2.SSID": "theirs"}


async def test_a_new_section_that_another_session_makes_meanwhile_is_joined(cache: Cache) -> None:
    meddled = Meddled(cache.store)
    racer = Cache(meddled, cache.vault)  # type: ignore[arg-type]
    await racer.remember({"Device.IP.X": ""})
    await racer.remember({SSID: "", "Device.WiFi.SSID.2.SSID": ""}, device=2)  # names are known
    meddled.meddle = lambda: cache.remember({"Device.WiFi.SSID.2.SSID": "theirs"})
    await racer.remember({SSID: "ours"})
    assert await cache.told("Device.WiFi.") == {SSID: "ours", "Device.WiFi.SSID.2.SSID": "theirs"}


async def test_a_section_that_went_and_came_again_is_not_taken_for_the_old_one(
    cache: Cache,
) -> None:
    def version(tx: Transaction) -> int:
        stored = DEVICES.layout(tx, 1).get(FIRST_KEY)
        assert stored is not None
        return stored.version

    await cache.remember({SSID: "one"})
    first = await cache.store.read(version)
    await cache.store.write(values.forget, 1)
    await cache.remember({SSID: "two"})
    assert await cache.store.read(version) != first


# --- Models ------------------------------------------------------------------------------------


async def test_types_are_known_for_devices_that_have_not_told_theirs(cache: Cache) -> None:
    await cache.remember({SSID: "1"}, value_type="unsignedInt")
    await values.remember_names(
        cache.store, MODEL, [(SSID, True), ("Device.WiFi.SSID.", True), ("Device.Time.", False)]
    )
    paths = [SSID, "Device.WiFi.SSID.", "Device.Time.", "Device.Nothing"]
    known = await cache.store.write(values.known_types, MODEL, paths)
    assert known == {
        SSID: ("unsignedInt", True),
        "Device.WiFi.SSID.": (None, True),
        "Device.Time.": (None, False),
    }
    other = Model("Example", "001122", "GW", "2.0")
    assert await cache.store.write(values.known_types, other, paths) == {}
    assert [each.writable for each in await cache.recall(SSID)] == [True]


async def test_one_odd_device_does_not_speak_for_its_model(cache: Cache) -> None:
    await cache.remember({SSID: "1"}, value_type="string", device=1)
    await cache.remember({SSID: "1"}, value_type="boolean", device=2)

    async def known(device: int | None) -> str | None:
        types = await cache.store.read(values.known_types, MODEL, [SSID], device)
        return types[SSID][0]

    assert [await known(None), await known(1), await known(2)] == ["string", "string", "boolean"]


async def test_what_we_set_says_nothing_about_the_models_types(cache: Cache) -> None:
    await cache.remember({SSID: "1"}, Source.SET, value_type="string")
    assert await cache.store.read(values.known_types, MODEL, [SSID]) == {}


async def test_values_keep_their_types_through_an_upgrade(cache: Cache) -> None:
    await cache.remember({SSID: "1"}, value_type="unsignedInt")
    upgraded = Model("Example", "001122", "GW", "2.0")
    assert [each.value_type for each in await cache.recall(model=upgraded)] == ["unsignedInt"]


async def test_many_devices_of_a_new_model_teach_it_at_once(cache: Cache) -> None:
    await asyncio.gather(
        *(
            cache.remember(
                {f"Device.X.{device}.{number}": "" for number in range(3)}, device=device
            )
            for device in (1, 2)
            for _ in range(5)
        )
    )
    paths = [f"Device.X.{device}.{number}" for device in (1, 2) for number in range(3)]
    assert len(await cache.store.read(values.known_types, MODEL, paths)) == 6


async def test_refused_names_are_remembered_for_a_day(cache: Cache) -> None:
    await cache.store.write(values.mark_unknown, MODEL, ["Device.A", "Device.B.1.C"], 1000.0)

    async def unknown(now: float, model: Model = MODEL) -> set[str]:
        paths = ["Device.A", "Device.B.1.C", "Device.D"]
        return await cache.store.read(values.unknown, model, paths, now)

    # Another device may have the instance that this one lacks.
    assert await unknown(1000.0 + 86_400) == {"Device.A"}
    assert await unknown(1001.0 + 86_400) == set()
    assert await unknown(1000.0, Model("Example", "001122", "GW", "2.0")) == set()
    await cache.store.write(values.mark_unknown, MODEL, ["Device.D"], 200_000.0)
    rows = await cache.store.read(lambda tx: tx.all("SELECT path FROM unknown_names"))
    assert [row["path"] for row in rows] == ["Device.D"]


# --- The whole fleet -----------------------------------------------------------------------------


async def test_devices_are_found_by_the_parameters_that_are_searched(cache: Cache) -> None:
    second = "Device.WiFi.SSID.2.SSID"
    await cache.remember({SSID: "home", second: "guest"}, device=1)
    await cache.remember({SSID: "guest"}, device=2)

    async def found(path: str, value: str, **page: int) -> list[tuple[int, str]]:
        hits = await values.search(cache.store, path, value, **page)
        return [(each.device_id, each.path) for each in hits]

    assert await found(SSID, "home") == [(1, SSID)]
    assert await found(SSID, "guest") == [(2, SSID)]
    assert await found("Device.WiFi.SSID.{i}.SSID", "guest") == [(1, second), (2, SSID)]
    assert await found("Device.WiFi.SSID.*.SSID", "guest", limit=1) == [(1, second)]
    assert await found("Device.WiFi.SSID.*.SSID", "guest", after=1) == [(2, SSID)]
    assert await found(SSID, "nowhere") == []
    await cache.remember({SSID: "moved"}, device=1)
    assert await found(SSID, "home") == []
    assert await found(SSID, "moved") == [(1, SSID)]


async def test_a_search_by_another_parameter_is_refused(cache: Cache) -> None:
    with pytest.raises(Invalid):
        await values.search(cache.store, "Device.WiFi.SSID.1.Enable", "1")
