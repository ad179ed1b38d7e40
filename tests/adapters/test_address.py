"""The address of a database server: read strictly, shown without its password."""

from pathlib import Path

import pytest

from engine.adapters.address import Address
from engine.errors import SettingsRefused
from engine.settings import Settings, read

WHOLE = "postgresql://me:orbit%40velvet@db.example.org:5433/here?sslmode=verify-full"


def test_nothing_shows_the_password() -> None:
    address = Address.parse(WHOLE)

    assert address.whole == WHOLE
    assert address.has_password
    assert str(address) == "postgresql://me@db.example.org:5433/here"
    assert "orbit" not in f"{address!r} {Settings(database=address)!r}"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me@localhost/here",
        "postgresql://127.0.0.1:5433/here",
        "postgresql://[::1]:5433/here",
        "postgresql:///here?host=/run/postgresql",
        "postgresql://db.example.org/here?sslmode=require",
        "postgresql://one.example.org,two.example.org:5433/here?sslmode=verify-ca",
    ],
)
def test_addresses_that_nobody_can_listen_to_are_taken(url: str) -> None:
    address = Address.parse(f" {url}\n")

    assert address.whole == url
    assert not address.has_password


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:orbit@db.example.org/here",
        "postgresql://me:orbit@db.example.org/here?sslmode=prefer",
        "postgresql://me:orbit@127.0.0.1,192.0.2.7/here",
        "postgresql:///here?password=orbit&host=db.example.org",
    ],
)
def test_addresses_that_others_can_listen_to_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sslmode=verify-full") as refused:
        Address.parse(url)

    assert "orbit" not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "orbit", "postgresql:///orbit", "mysql://orbit@127.0.0.1/x", "postgresql://[orbit"]
)
def test_what_is_no_address_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="an address like") as refused:
        Address.parse(text)

    assert "orbit" not in str(refused.value)


def test_the_setting_comes_from_file_environment_and_command_line(tmp_path: Path) -> None:
    file = tmp_path / "trustflow.toml"
    file.write_text('database = "postgresql://localhost/one"\n')
    given = Address.parse("postgresql://localhost/three")

    assert str(read(file.parent, {}).database) == "postgresql://localhost/one"
    environment = {"TRUSTFLOW_DATABASE": "postgresql://localhost/two"}
    assert str(read(file.parent, environment).database) == "postgresql://localhost/two"
    assert read(file.parent, environment, database=given).database == given


def test_a_refused_setting_never_repeats_the_password(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused) as refused:
        read(tmp_path, {"TRUSTFLOW_DATABASE": "postgres://me:orbit@192.0.2.7/x"})

    assert "TRUSTFLOW_DATABASE must be an address" in str(refused.value.facts)
    assert "orbit" not in str(refused.value.facts)
