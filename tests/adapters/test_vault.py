"""The vault's files: made once, readable by their owner alone, refused when they are not right."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from engine.adapters.vault import FileVault
from engine.errors import VaultRefused
from engine.ports.outside import Purpose
from engine.testing import SeededVault


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_first_start_makes_a_key_for_its_owner_alone(folder: Path) -> None:
    FileVault.open(folder)

    assert mode(folder) == 0o700
    assert [(path.name, mode(path)) for path in folder.iterdir()] == [("1.key", 0o600)]


def test_every_later_start_finds_the_same_keys(folder: Path) -> None:
    first, second = FileVault.open(folder), FileVault.open(folder)

    assert first.mac("pepper", b"x") == second.mac("pepper", b"x")
    assert first.current("pepper") == second.current("pepper")


def test_two_first_starts_make_two_keys(tmp_path: Path) -> None:
    one, two = FileVault.open(tmp_path / "one"), FileVault.open(tmp_path / "two")

    assert one.mac("pepper", b"x") != two.mac("pepper", b"x")


def test_first_starts_at_one_moment_agree_on_one_key(folder: Path) -> None:
    barrier, macs = threading.Barrier(8), []

    def start() -> None:
        barrier.wait()
        macs.append(FileVault.open(folder).mac("pepper", b"x"))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(macs), len(set(macs))) == (8, 1)
    assert [path.name for path in folder.iterdir()] == ["1.key"]


def test_each_purpose_has_a_key_of_its_own() -> None:
    vault = SeededVault()

    purposes = get_args(Purpose)
    assert len({vault.mac(purpose, b"x") for purpose in purposes}) == len(purposes)


def test_after_a_rotation_the_new_key_is_current_and_the_old_one_good(folder: Path) -> None:
    before = FileVault.open(folder)
    old = before.current("pepper")

    after = FileVault.rotate(folder)

    assert after.current("pepper") not in (old, "")
    assert after.mac("pepper", b"x", old) == before.mac("pepper", b"x")
    assert after.mac("pepper", b"x") != before.mac("pepper", b"x")
    assert FileVault.open(folder).current("pepper") == after.current("pepper")


def test_the_tenth_key_follows_the_ninth(folder: Path) -> None:
    FileVault.open(folder)

    ids = [FileVault.rotate(folder).current("pepper").split("-")[0] for _ in range(10)]

    assert ids[-2:] == ["k10", "k11"]


def test_an_unknown_key_is_refused(folder: Path) -> None:
    with pytest.raises(VaultRefused):
        FileVault.open(folder).mac("pepper", b"x", "k9-00000000")


def test_a_key_that_was_exchanged_for_another_is_refused(folder: Path, tmp_path: Path) -> None:
    id = FileVault.open(folder).current("pepper")
    FileVault.open(tmp_path / "other")
    (tmp_path / "other" / "1.key").replace(folder / "1.key")

    with pytest.raises(VaultRefused):
        FileVault.open(folder).mac("pepper", b"x", id)


def test_a_lost_key_is_not_made_anew_where_data_exist(folder: Path) -> None:
    with pytest.raises(VaultRefused):
        FileVault.open(folder, make=False)

    assert not folder.exists()


@pytest.mark.parametrize("damage", ["", "trustflow-key 1 00000000 AAAA\n", "nonsense", "é"])
def test_a_damaged_key_is_refused(folder: Path, damage: str) -> None:
    FileVault.open(folder)
    (folder / "1.key").write_text(damage)

    with pytest.raises(VaultRefused):
        FileVault.open(folder)


def test_a_flipped_character_of_a_key_is_found(folder: Path) -> None:
    FileVault.open(folder)
    path = folder / "1.key"
    text = path.read_text()
    path.write_text(text[:-5] + ("A" if text[-5] != "A" else "B") + text[-4:])

    with pytest.raises(VaultRefused):
        FileVault.open(folder)


@pytest.mark.parametrize(("name", "bits"), [("", 0o750), ("1.key", 0o640), ("1.key", 0o604)])
def test_what_others_may_read_is_refused(folder: Path, name: str, bits: int) -> None:
    FileVault.open(folder)
    (folder / name).chmod(bits)

    with pytest.raises(VaultRefused):
        FileVault.open(folder)


def test_a_vault_prints_no_key(folder: Path) -> None:
    vault = FileVault.open(folder)
    written = (folder / "1.key").read_text().split()[-1]

    shown = repr(vault) + str(vault)

    assert written not in shown
    assert repr(vault._keys[vault.current("pepper")]) not in shown
    assert vault.current("pepper") in shown


def test_what_is_sealed_opens_for_who_says_the_same_again(folder: Path) -> None:
    vault = FileVault.open(folder)

    sealed = vault.seal("answers", b"a secret", b"row 7")

    assert vault.unseal("answers", sealed, b"row 7") == b"a secret"
    assert "secret" not in sealed
    assert sealed != vault.seal("answers", b"a secret", b"row 7"), "a fresh nonce each time"


def test_what_was_sealed_before_a_rotation_still_opens(folder: Path) -> None:
    sealed = FileVault.open(folder).seal("answers", b"x", b"")

    rotated = FileVault.rotate(folder)

    assert rotated.unseal("answers", sealed, b"") == b"x"
    assert rotated.seal("answers", b"x", b"").partition(".")[0] != sealed.partition(".")[0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda vault, sealed: ("device", sealed, b"row 7"),
        lambda vault, sealed: ("answers", sealed, b"row 8"),
        lambda vault, sealed: ("answers", sealed[:-4] + "AAA=", b"row 7"),
        lambda vault, sealed: ("answers", sealed.partition(".")[2], b"row 7"),
        lambda vault, sealed: ("answers", "k9-00000000." + sealed.partition(".")[2], b"row 7"),
        lambda vault, sealed: ("answers", vault.current("answers") + ".AAAA", b"row 7"),
        lambda vault, sealed: ("answers", "", b"row 7"),
    ],
    ids=["purpose", "bound", "changed", "no key", "another key", "short", "nothing"],
)
def test_what_is_not_as_it_was_sealed_is_refused(
    folder: Path, spoil: Callable[[FileVault, str], tuple[Purpose, str, bytes]]
) -> None:
    vault = FileVault.open(folder)
    sealed = vault.seal("answers", b"a secret", b"row 7")

    with pytest.raises(VaultRefused):
        vault.unseal(*spoil(vault, sealed))
