"""What a device told goes into the cache.

New documents are computed on a snapshot and put in place if nothing has changed since; who loses
that race computes again. A device is bounded: longer names or values than the limits below, and
names past :data:`inventory.planning.MOST_NAMES_OF_AN_OWNER`, are not kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inventory.model_parameters import Fact, are_typed, learn
from inventory.names import AT_A_GLANCE, Guard, Names, intern, names_of
from inventory.parameters import Reported, Source, unpack_reported
from inventory.planning import MOST_NAMES_OF_AN_OWNER, plan
from inventory.records import values as records
from inventory.records.values import DEVICES, Change, LostRace, Model
from inventory.searched import LONGEST_SEARCHED, is_searched
from inventory.secrets import Vault
from inventory.sections import Columns, Moment, place
from inventory.store import Store, Transaction
from inventory.text import is_storable, storable

LONGEST_PATH = 512  # characters; the standard allows 256 (A.3.2.2)
LONGEST_VALUE = 65_536  # characters
MOST_KEPT_AT_ONCE = 200  # of an Inform, in the unit of the next one


async def remember(
    store: Store,
    vault: Vault,
    device_id: int,
    model: Model,
    reported: Sequence[Reported],
    source: Source,
    now: float,
    guard: Guard | None = None,
) -> None:
    """Keeps what a device told or took; ``guard(tx)`` runs first in each unit and may raise.

    A parameter that was set and reads back empty is write-only: what was set stays. So it does of a
    secret that reads back masked.
    """
    told = {each.path: each for each in map(_kept, reported) if each}
    if not told:
        return
    ids = await intern(store, told, guard)
    news = _News(told, ids, (round(now * 1000), source.value), vault)
    look = store.glance if len(told) <= AT_A_GLANCE else store.read
    while True:
        changes = await look(_plan, device_id, model, news, names_of(store))
        try:
            await store.write(_carry_out, device_id, changes, guard)
        except LostRace:
            continue
        break
    # The type of a value that we set may be ours, not the device's.
    if changes.teach_the_model and source is not Source.SET:
        facts = {path: Fact(each.value_type or None) for path, each in told.items()}
        await learn(store, model, facts, ids, guard)


def keep_told(
    tx: Transaction, vault: Vault, device_id: int, model: Model, told_now: Sequence[Reported]
) -> None:
    """Keeps what the Inform before has told and this one does not: a value change is told once.

    What an Inform tells stands in the device's row until the next one takes its place.
    """
    inform = records.inform(tx, device_id)
    if inform is None or inform.values is None or inform.time is None:
        return
    again = {each.path for each in told_now}
    gone = [each for each in unpack_reported(inform.values) if each.path not in again]
    told = {each.path: each for each in map(_kept, gone[:MOST_KEPT_AT_ONCE]) if each}
    if not told:
        return
    ids = records.intern_names(tx, list(told))
    moment = (round(inform.time * 1000), Source.INFORM.value)
    news = _News(told, ids, moment, vault, is_old=True)
    _carry_out(tx, device_id, _plan(tx, device_id, model, news, Names()), None)


def _kept(reported: Reported) -> Reported | None:
    path, value, value_type = reported.path, reported.value, reported.value_type
    if path.endswith(".") or len(path) > LONGEST_PATH or len(value) > LONGEST_VALUE:
        return None
    if is_storable(path + value + value_type):
        return reported
    return Reported(storable(path), storable(value), storable(value_type))


@dataclass(frozen=True, slots=True)
class _News:
    """What was told, at one moment."""

    told: Mapping[str, Reported]
    ids: Mapping[str, int]
    moment: Moment
    vault: Vault
    is_old: bool = False
    """What was learnt later may stand there by now."""


@dataclass(frozen=True, slots=True)
class _Changes:
    """What there is to write."""

    sections: Sequence[Change]
    searched: Mapping[int, str]
    teach_the_model: bool


def _plan(
    tx: Transaction,
    device_id: int,
    model: Model,
    news: _News,
    names: Names,
) -> _Changes:
    layout = DEVICES.layout(tx, device_id)
    writing = _Writing(news, room=MOST_NAMES_OF_AN_OWNER - layout.names)
    sections = plan(tx, DEVICES, device_id, layout, news.told, writing.write, names)
    return _Changes(sections, writing.searched, not are_typed(tx, model, news.ids))


@dataclass(slots=True)
class _Writing:
    """Writes news into one section after another."""

    news: _News
    room: int  # for names that the device has not told before
    searched: dict[int, str] = field(
        default_factory=dict
    )  # new values that the fleet is searched by

    def write(self, columns: Columns, paths: Sequence[str]) -> bool:
        """Writes what was told of these paths into their section."""
        news, rows = self.news, columns.places()
        moment = place(columns.all_moments, news.moment)
        for path in paths:
            reported, name_id = news.told[path], news.ids[path]
            row = rows.get(name_id)
            if row is None:
                if self.room <= 0:
                    continue
                self.room -= 1
                before, value_type = None, reported.value_type
            else:
                if news.is_old and columns.all_moments[columns.moments[row]] > news.moment:
                    continue
                before, value_type = columns.values[row], self._type(columns, row, reported)
                if before and self._is_hidden(reported) and self._was_set(columns, row):
                    continue
            value = self._value(reported, name_id, before)
            columns.put(row, name_id, value, place(columns.type_names, value_type), moment)
        return True

    def _type(self, columns: Columns, row: int, reported: Reported) -> str:
        """The device's own word stands against ours, and any against none."""
        held = columns.type_names[columns.types[row]]
        told = reported.value_type
        return held or told if self.news.moment[1] == Source.SET else told or held

    def _is_hidden(self, reported: Reported) -> bool:
        """Write-only values read back empty, and some devices show secrets as asterisks."""
        if not reported.value:
            return True
        return not reported.value.strip("*") and self.news.vault.is_secret(reported.path)

    def _was_set(self, columns: Columns, row: int) -> bool:
        was_set = columns.all_moments[columns.moments[row]][1] == Source.SET
        return was_set and self.news.moment[1] != Source.SET

    def _value(self, reported: Reported, name_id: int, before: str | bytes | None) -> str | bytes:
        if reported.value and self.news.vault.is_secret(reported.path):
            return self.news.vault.seal(reported.value)
        if reported.value != before and is_searched(reported.path):
            self.searched[name_id] = reported.value[:LONGEST_SEARCHED]
        return reported.value


def _carry_out(tx: Transaction, device_id: int, changes: _Changes, guard: Guard | None) -> None:
    """Puts the documents in place, and the index, which only follows values that differ."""
    if guard is not None:
        guard(tx)
    DEVICES.change(tx, device_id, changes.sections)
    if changes.searched:
        records.index(tx, device_id, changes.searched)
