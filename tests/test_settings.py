"""Settings: where they come from, what wins, and what is refused."""

import re
from pathlib import Path

import pytest

from engine.errors import SettingsRefused
from engine.settings import FIELDS, FILE, Settings, colours_unwanted, read

README = Path(__file__).parent.parent / "README.md"


def refused(folder: Path, environment: dict[str, str] | None = None) -> str:
    """Read settings that must be refused; give the problems, a line each."""
    with pytest.raises(SettingsRefused) as caught:
        read(folder, environment or {})
    problems = caught.value.facts["problems"]
    assert isinstance(problems, tuple)
    return "\n".join(map(str, problems))


def write(folder: Path, text: str) -> Path:
    """Write the settings file; give its folder."""
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def test_defaults_are_those_of_the_struct(tmp_path: Path) -> None:
    assert read(tmp_path, {}) == Settings(data=tmp_path)


def test_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path: Path) -> None:
    write(tmp_path, 'port = 1001\nhost = "127.0.0.2"\napp_name = "Bank"\n')
    environment = {"TRUSTFLOW_PORT": "1002", "TRUSTFLOW_HOST": "127.0.0.3"}

    found = read(tmp_path, environment, host="127.0.0.4", app_name=None)

    assert (found.app_name, found.port, found.host) == ("Bank", 1002, "127.0.0.4")


def test_lists_are_lists_in_the_file_and_split_at_commas_in_the_environment(tmp_path: Path) -> None:
    write(tmp_path, 'trusted_proxies = ["192.0.2.0/24"]\n')
    environment = {"TRUSTFLOW_ALLOWED_REDIRECTS": "https://a.example/, https://b.example/x"}

    found = read(tmp_path, environment)

    assert found.trusted_proxies == ("192.0.2.0/24",)
    assert found.allowed_redirects == ("https://a.example/", "https://b.example/x")


@pytest.mark.parametrize("wrong", ["127.0.0.1", "http://127.0.0.1:18400", "a:1 b:2", '["a:1"]'])
def test_a_trusted_program_is_named_by_host_and_port(tmp_path: Path, wrong: str) -> None:
    known = read(tmp_path, {"TRUSTFLOW_HTTP_TRUSTED": "crm.example:443, [::1]:80"})

    assert known.http_trusted == ("crm.example:443", "[::1]:80")
    assert "host:port" in refused(tmp_path, {"TRUSTFLOW_HTTP_TRUSTED": wrong})


def test_value_can_come_from_a_file_that_the_environment_names(tmp_path: Path) -> None:
    (tmp_path / "name").write_text("Bank of Test\n")

    found = read(tmp_path, {"TRUSTFLOW_APP_NAME_FILE": str(tmp_path / "name")})

    assert found.app_name == "Bank of Test"


def test_value_and_its_file_together_are_refused(tmp_path: Path) -> None:
    environment = {"TRUSTFLOW_PORT": "1", "TRUSTFLOW_PORT_FILE": "x"}

    assert "say the same thing twice" in refused(tmp_path, environment)


def test_data_folder_comes_from_the_environment_where_nobody_names_one(tmp_path: Path) -> None:
    environment = {"TRUSTFLOW_DATA": str(tmp_path)}

    assert read(None, environment).data == tmp_path
    assert read(tmp_path / "named", environment).data == tmp_path / "named"
    assert read(None, {}, usual=Path("usual")).data == Path("usual")


def test_every_mistake_is_told_at_once_with_the_nearest_name(tmp_path: Path) -> None:
    write(tmp_path, 'app_nmae = "Bank"\nport = "http"\n')

    told = refused(tmp_path, {"TRUSTFLOW_ARGON_PASES": "3", "TRUSTFLOW_WHATEVER": "1"})

    assert "app_nmae is no setting; did you mean app_name?" in told
    assert "port must be a whole number, 1 to 65,535" in told
    assert "TRUSTFLOW_ARGON_PASES is no setting; did you mean TRUSTFLOW_ARGON_PASSES?" in told
    assert "TRUSTFLOW_WHATEVER is no setting" in told


@pytest.mark.parametrize(
    ("setting", "weak"),
    [
        ("argon_memory_kib", 19_455),
        ("argon_passes", 1),
        ("hash_workers", 0),
        ("source_failures_per_minute", 0),
        ("source_failures_per_minute", 1_001),
        ("source_failures_per_hour", 10_001),
        ("tenant_failures_per_minute", 19),
        ("tenant_failures_per_minute", 10_001),
        ("requests_at_once", 1),
    ],
)
def test_nothing_weaker_than_its_floor_is_read(tmp_path: Path, setting: str, weak: int) -> None:
    from_file = refused(write(tmp_path, f"{setting} = {weak}\n"))
    (tmp_path / FILE).unlink()
    from_environment = refused(tmp_path, {f"TRUSTFLOW_{setting.upper()}": str(weak)})

    assert f"{setting} must be a whole number" in from_file
    assert f"TRUSTFLOW_{setting.upper()} must be a whole number" in from_environment


def test_refusal_never_repeats_the_value(tmp_path: Path) -> None:
    told = refused(tmp_path, {"TRUSTFLOW_PORT": "orbit-cactus-velvet"})

    assert "orbit" not in told


def test_certificate_without_key_is_refused(tmp_path: Path) -> None:
    assert "given together" in refused(tmp_path, {"TRUSTFLOW_CERTIFICATE": "a.pem"})
    assert read(tmp_path, {"TRUSTFLOW_CERTIFICATE": "a.pem", "TRUSTFLOW_KEY": "k.pem"}).key


@pytest.mark.parametrize("text", ["port = ", "port = 1\nport = 2", "[[["])
def test_file_that_is_no_toml_is_an_answer(tmp_path: Path, text: str) -> None:
    assert "cannot be read" in refused(write(tmp_path, text))


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()

    told = refused(tmp_path, {"TRUSTFLOW_PORT_FILE": str(tmp_path / "nowhere")})

    assert "trustflow.toml cannot be read" in told
    assert "TRUSTFLOW_PORT_FILE names a file that cannot be read" in told


def test_runner_of_the_tests_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    assert read(tmp_path, {"TRUSTFLOW_NO_SKIP": "1"}) == Settings(data=tmp_path)


def test_no_color_is_respected() -> None:
    assert colours_unwanted({"NO_COLOR": "1"})
    assert colours_unwanted({"TERM": "dumb"})
    assert not colours_unwanted({"NO_COLOR": "", "TERM": "xterm"})


def test_readme_lists_every_setting() -> None:
    table = re.findall(r"^\| `(\w+)` \|", README.read_text(encoding="utf-8"), re.M)

    assert [name for name in table if name in FIELDS] == list(FIELDS)
