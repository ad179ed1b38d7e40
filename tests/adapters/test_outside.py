"""Clock, chance and shelves as the system gives them, and as a test does."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from engine.adapters.folder import FolderShelf, PackageShelf
from engine.adapters.memory import MemoryStore
from engine.adapters.system import SystemChance, SystemClock
from engine.model.names import ID_LETTERS, MAIN_TENANT, id_text
from engine.ports.outside import Chance
from engine.records.identity import User
from engine.testing import NOON, FrozenClock, SeededChance, recorded

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_ids_are_written_in_order_of_their_numbers() -> None:
    numbers = [0, 1, 31, 32, 2**64, 2**80, 2**127, 2**128 - 1]

    texts = [id_text(number) for number in numbers]

    assert texts == sorted(texts)
    assert {len(text) for text in texts} == {26}
    assert texts[0] == "0" * 26
    assert texts[-1] == "7" + "Z" * 25


@pytest.mark.parametrize("chance", [SystemChance(), SeededChance()])
def test_later_ids_sort_later_and_none_comes_twice(chance: Chance) -> None:
    ids = [chance.id() for _ in range(5_000)]

    assert ids == sorted(set(ids))
    assert set("".join(ids)) <= set(ID_LETTERS)


@pytest.mark.parametrize("chance", [SystemChance(), SeededChance()])
def test_tokens_bytes_and_picks_have_the_promised_shape(chance: Chance) -> None:
    tokens = {chance.token() for _ in range(100)}
    picks = {chance.pick(3) for _ in range(200)}

    assert {len(token) for token in tokens} == {43}
    assert len(tokens) == 100
    assert len(chance.bytes(16)) == 16
    assert picks == {0, 1, 2}


def test_one_seed_gives_the_same_values_again_and_another_gives_others() -> None:
    def drawn(seed: int) -> list[object]:
        chance = SeededChance(seed)
        return [chance.id(), chance.token(), chance.bytes(4), chance.pick(1_000)]

    assert drawn(1) == drawn(1)
    assert all(one != two for one, two in zip(drawn(1), drawn(2), strict=True))


async def test_the_systems_clock_is_aware_and_moves_on() -> None:
    clock = SystemClock()

    before = clock.now()
    await clock.sleep(timedelta(milliseconds=1))
    await clock.sleep(timedelta(hours=-1))

    assert before.utcoffset() == timedelta(0)
    assert clock.now() - before >= timedelta(milliseconds=1)


async def test_a_frozen_clock_wakes_who_has_slept_enough() -> None:
    clock, woken = FrozenClock(), []

    async def sleep(minutes: int) -> None:
        await clock.sleep(timedelta(minutes=minutes))
        woken.append(minutes)

    sleepers = [asyncio.ensure_future(sleep(minutes)) for minutes in (3, 1, 2)]
    await asyncio.sleep(0)  # noqa: TID251 - lets the sleepers begin, waits for nothing
    clock.move(timedelta(minutes=2))
    await asyncio.gather(sleepers[1], sleepers[2])
    early = list(woken)
    clock.move(timedelta(minutes=1))
    await sleepers[0]

    assert early == [1, 2]
    assert woken == [1, 2, 3]
    assert clock.now() == NOON + timedelta(minutes=3)


async def test_a_recorder_tells_which_calls_were_made_in_which_order() -> None:
    calls: list[str] = []
    store = recorded(MemoryStore(FrozenClock()), calls)

    user = await store.get(MAIN_TENANT, User, "u1")
    await store.now()
    await store.find(MAIN_TENANT, kind=User, unique="by_ext_id", value="x")

    assert user is None
    assert calls == ["get User", "now", "find User"]


@pytest.fixture
def shelf(tmp_path: Path) -> FolderShelf:
    definitions, forms = tmp_path / "definitions", tmp_path / "forms"
    for path, text in (
        (definitions / "b.yaml", "process: b"),
        (definitions / "a.yml", "process: a"),
        (definitions / "a.journey.yaml", "no definition"),
        (definitions / ".#a.yaml", "an editor's"),
        (definitions / "notes.txt", "no definition"),
        (forms / "ask.v2.json", "{}"),
        (forms / "ask.v1.json", '{"é": 1}'),
        (forms / "README.md", "no form"),
    ):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (definitions / "folder.yaml").mkdir()
    return FolderShelf(definitions, forms)


def test_a_folder_gives_its_definitions_by_name(shelf: FolderShelf, tmp_path: Path) -> None:
    texts = shelf.definitions()

    assert [text.name for text in texts] == ["a.yml", "b.yaml"]
    assert texts[1].text == b"process: b"
    assert texts[1].path == str(tmp_path / "definitions" / "b.yaml")


def test_a_folder_gives_its_forms_by_name_and_version(shelf: FolderShelf) -> None:
    forms = shelf.forms()

    assert list(forms) == ["ask.v1", "ask.v2"]
    assert forms["ask.v1"].text == '{"é": 1}'.encode()


def test_a_folder_is_read_anew_each_time(shelf: FolderShelf, tmp_path: Path) -> None:
    shelf.definitions()
    (tmp_path / "definitions" / "c.yaml").write_text("process: c")

    assert [text.name for text in shelf.definitions()] == ["a.yml", "b.yaml", "c.yaml"]


def test_a_missing_folder_is_an_empty_one(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path / "none", tmp_path / "none")

    assert shelf.definitions() == ()
    assert shelf.forms() == {}


def test_in_a_clone_the_packaged_texts_lie_beside_the_engine() -> None:
    shelf = PackageShelf()

    beside = Path(__file__).parents[2] / "definitions"
    names = [text.name for text in shelf.definitions()]
    assert names == sorted(
        path.name for path in beside.glob("*.yaml") if ".journey" not in path.name
    )
    assert "passcode-authentication.yaml" in names
    assert shelf.definitions()[0].path.startswith("definitions/")


def test_in_a_wheel_the_packaged_texts_lie_inside_the_engine(tmp_path: Path) -> None:
    package = tmp_path / "engine"
    for folder, name in (("definitions", "a.yaml"), ("forms", "f.v1.json")):
        (package / "shipped" / folder).mkdir(parents=True)
        (package / "shipped" / folder / name).write_text("x")
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"other-{name}").write_text("beside, and not of this program")

    shelf = PackageShelf(package)

    assert [text.name for text in shelf.definitions()] == ["a.yaml"]
    assert list(shelf.forms()) == ["f.v1"]
