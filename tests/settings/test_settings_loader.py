"""A wrong configuration is told in one go: each problem with its line, its value and what was expected."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import ConfigError, ConfigProblem
from edge_gateway.devices.profiles import load_profile
from edge_gateway.settings_file import FILE_BYTES_MAX, read_config
from edge_gateway.settings_loader import check_config, load_settings, usable_devices

EXAMPLE = Path(__file__).parents[2] / "config" / "gateway.toml"


def _write(directory: Path, text: str) -> Path:
    path = directory / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _problems(directory: Path, text: str) -> list[ConfigProblem]:
    with pytest.raises(ConfigError) as caught:
        load_settings(_write(directory, text))
    return list(caught.value.problems)


def test_example_is_valid_and_has_two_lanes_and_what_they_share() -> None:
    settings = load_settings(EXAMPLE)
    assert {device.lane for device in settings.device} == {"lane-1", "lane-2", "shared"}
    classes = {load_profile(device.profile).device_class for device in settings.device}
    assert classes == {"scanner", "scale", "pos_printer", "label_printer", "line_display"}
    assert settings.store.id == "S001"


def test_example_shows_the_true_defaults() -> None:
    """A commented-out key in the example is its default, unless the example says otherwise."""
    text = EXAMPLE.read_text(encoding="utf-8")
    minimal = load_settings(EXAMPLE)
    for key, default in (
        ("keepalive_s", minimal.bus.keepalive_s),
        ("session_expiry_s", minimal.bus.session_expiry_s),
        ("queue_messages_max", minimal.bus.queue_messages_max),
        ("bytes_max", minimal.outbox.bytes_max),
        ("disk_free_bytes_min", minimal.outbox.disk_free_bytes_min),
        ("delivered_keep_days", minimal.outbox.delivered_keep_days),
    ):
        assert f"# {key} = {default}" in text


TEN_ERRORS = """\
[store]
id = "S 001"
timezone = "Europe/Berlino"

[bus]
port = 99999
hosst = "broker"
password_file = "/nowhere/bus-password"
username = "gateway"

[outbox]
bytes_max = "much"

[log]
level = "verbose"

[cloud]
base_url = "ftp://user:hunter2@cloud.example.com"
password = "hunter2"
retry_s_min = 60.0

[[device]]
id = "scale"
lane = "lane-1"
transport = { kind = "serial", path = "/dev/a" }

[[device]]
id = "scale"
lane = "lane-1"
profile = "mettler-toledo-8217"
transport = { kind = "serial", path = "/dev/a" }
"""


def test_every_problem_is_told_at_once_with_line_value_and_expectation(tmp_path: Path) -> None:
    problems = _problems(tmp_path, TEN_ERRORS)
    assert [(problem.line, problem.key, problem.value) for problem in problems] == [
        (2, "store.id", "'S 001'"),
        (3, "store.timezone", "'Europe/Berlino'"),
        (6, "bus.port", "99999"),
        (7, "bus.hosst", "'broker'"),
        (8, "bus.password_file", "/nowhere/bus-password"),
        (12, "outbox.bytes_max", "'much'"),
        (15, "log.level", "'verbose'"),
        (18, "cloud.base_url", "'ftp://(hidden)@cloud.example.com'"),
        (19, "cloud.password", "(hidden)"),
        (20, "cloud.retry_s_min", "60.0"),
        (22, "device[0].profile", "(missing)"),
    ]
    expected = {problem.key: problem.expected for problem in problems}
    assert "letters, digits" in expected["store.id"]
    assert "did you mean Europe/Berlin?" in expected["store.timezone"]
    assert "a whole number from 1 to 65535 (Port of the broker)" in expected["bus.port"]
    assert "did you mean host?" in expected["bus.hosst"]
    assert "No such file" in expected["bus.password_file"]
    assert "a whole number, at least 1000000" in expected["outbox.bytes_max"]
    assert "one of debug, info, warning, error" in expected["log.level"]
    assert "https://" in expected["cloud.base_url"]
    assert "at most retry_s_max (30.0)" in expected["cloud.retry_s_min"]
    assert expected["device[0].profile"].startswith("required; ")


def test_message_of_the_error_never_shows_a_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(_write(tmp_path, TEN_ERRORS))
    assert "hunter2" not in str(caught.value)
    assert "11 problems" in str(caught.value)
    assert "line 6: bus.port = 99999: expected a whole number" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[store]\nid = "S001\n', 2, "not TOML"),
        ("[store]\nid = 'a'\nid = 'b'\n", 3, "not TOML"),
        ("[store\n", 1, "not TOML"),
        ("[store]\nid = 'a'\n[store]\n", 3, "not TOML"),
        ('x = """', 1, "not TOML"),
    ],
)
def test_syntax_error_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    [problem] = _problems(tmp_path, text)
    assert problem.line == line
    assert words in problem.expected


def test_syntax_error_in_a_secret_does_not_show_it(tmp_path: Path) -> None:
    [problem] = _problems(tmp_path, 'password = "hunter2\n')
    assert "hunter2" not in str(problem)
    assert problem.value == "password = …"


def test_file_without_a_required_section_says_so(tmp_path: Path) -> None:
    [problem] = _problems(tmp_path, "# empty\n")
    assert (problem.key, problem.value, problem.line) == ("store", "(missing)", None)
    assert problem.expected.startswith("required; a table")


def test_section_that_is_a_value_is_told(tmp_path: Path) -> None:
    problems = _problems(tmp_path, 'store = "S001"\ndevice = 3\nbus = []\ncloud = ""\n')
    assert [problem.key for problem in problems] == ["store", "device", "bus", "cloud"]


@pytest.mark.parametrize("kind", ["absent", "directory", "binary", "huge"])
def test_file_that_is_no_configuration_is_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "gateway.toml"
    if kind == "directory":
        path.mkdir()
    elif kind == "binary":
        path.write_bytes(b"[store]\nid = '\xff'\n")
    elif kind == "huge":
        path.write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    [problem] = caught.value.problems
    words = {"absent": "No such file", "directory": "directory", "binary": "UTF-8", "huge": "larger than"}
    assert words[kind] in problem.expected
    assert problem.line == (2 if kind == "binary" else None)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"", "is empty"), (b"x" * 70_000, "more than")]
)
def test_secret_file_is_there_and_holds_something(tmp_path: Path, content: bytes | None, words: str) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    [problem] = _problems(tmp_path, f"[store]\nid='S1'\n[bus]\nusername='u'\npassword_file='{secret}'\n")
    assert (problem.line, problem.key) == (5, "bus.password_file")
    assert words in problem.expected


def test_secret_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0)
    file = read_config(_write(tmp_path, f"[store]\nid='S1'\n[bus]\nusername='u'\npassword_file='{secret}'\n"))
    with _nobody():
        _, [problem] = check_config(file)
    assert "Permission denied" in problem.expected


@contextlib.contextmanager
def _nobody() -> Iterator[None]:
    """Root may read every file: look as somebody else."""
    if os.getuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("bus", "key"),
    [
        ("certificate_file = '{file}'\nca_file = '{file}'", "bus.certificate_file"),
        ("key_file = '{file}'", "bus.key_file"),
        ("certificate_file = '{file}'\nkey_file = '{file}'", "bus.certificate_file"),
        ("password_file = '{file}'", "bus.password_file"),
    ],
)
def test_keys_that_need_one_another_are_told(tmp_path: Path, bus: str, key: str) -> None:
    secret = tmp_path / "file"
    secret.write_text("x")
    problems = _problems(tmp_path, f"[store]\nid='S1'\n[bus]\n{bus.format(file=secret)}\n")
    assert [problem.key for problem in problems] == [key]


@pytest.mark.parametrize(
    ("sections", "keys"),
    [
        (("api_key", "jwt"), ["cloud.jwt"]),
        (("oauth", "jwt"), ["cloud.jwt"]),
        (("oauth", "api_key", "jwt"), ["cloud.api_key"]),
    ],
)
def test_gateway_says_who_it_is_in_one_way(tmp_path: Path, sections: tuple[str, ...], keys: list[str]) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    text = {
        "api_key": f"[cloud.api_key]\nkey_file='{secret}'\n",
        "jwt": f"[cloud.jwt]\nprivate_key_file='{secret}'\nissuer='i'\naudience='a'\n",
        "oauth": f"[cloud.oauth]\ntoken_url='https://c.example/t'\nclient_id='c'\nclient_secret_file='{secret}'\n",
    }
    head = "[store]\nid='S1'\n[cloud]\nbase_url='https://c.example'\n"
    problems = _problems(tmp_path, head + "".join(text[name] for name in sections))
    assert [problem.key for problem in problems] == keys
    for problem in problems:
        assert problem.line is not None
        assert all(f"[cloud.{name}]" in problem.expected for name in sections)


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("certificate_file = '{file}'", "cloud.certificate_file"),
        ("key_file = '{file}'", "cloud.key_file"),
        ("proxy = 'http://user:hunter2@proxy:3128'", "cloud.proxy"),
        ("proxy = 'proxy:3128'", "cloud.proxy"),
        ("tls_version_min = '1.1'", "cloud.tls_version_min"),
    ],
)
def test_problems_of_the_way_to_the_cloud_are_told(tmp_path: Path, lines: str, key: str) -> None:
    secret = tmp_path / "file"
    secret.write_text("x")
    head = "[store]\nid='S1'\n[cloud]\nbase_url='https://c.example'\n"
    problems = _problems(tmp_path, head + lines.format(file=secret))
    assert [problem.key for problem in problems] == [key]
    assert "hunter2" not in str(problems[0])


def test_line_endings_and_byte_order_mark_of_other_systems_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_bytes(b"\xef\xbb\xbf[store]\r\nid = 'S1'\r\n")
    assert load_settings(path).store.id == "S1"


def test_devices_that_are_well_formed_can_be_checked_further_in_a_file_with_problems(tmp_path: Path) -> None:
    file = read_config(_write(tmp_path, TEN_ERRORS))
    devices = usable_devices(file)
    assert {index: device.profile for index, device in devices.items()} == {1: "mettler-toledo-8217"}


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("device[1].profile", 30),
        ("device.1.profile", 30),
        ("device[1]", 27),
        ("bus.port", 6),
        ("device[0].settings.tare", 22),
        ("nothing.like.it", None),
    ],
)
def test_problems_of_the_layers_above_get_the_line_of_their_key(tmp_path: Path, key: str, line: int | None) -> None:
    file = read_config(_write(tmp_path, TEN_ERRORS))
    [located] = file.locate([ConfigProblem(key, "x", "y")])
    assert located.line == line


def test_problem_of_a_device_is_located_by_its_id(tmp_path: Path) -> None:
    text = "[store]\nid='S1'\n[[device]]\nid='a.b'\n[[device]]\nid='c'\nprofile='x'\n"
    file = read_config(_write(tmp_path, text))
    located = file.locate([ConfigProblem("device[c].profile", "", ""), ConfigProblem("device.a.b.lane", "", "")])
    assert [problem.line for problem in located] == [7, 3]


@pytest.mark.parametrize("key", ["base_url", "token_url"])
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://cloud.example.com", None),
        ("http://localhost:8443", None),
        ("http://127.0.0.1:8443/x", None),
        ("http://[::1]:8443", None),
        ("http://cloud.example.com", "in clear: expected https://"),
        ("http://192.168.1.10", "in clear: expected https://"),
        ("http://localhost.example.com", "in clear: expected https://"),
        ("https://", "expected an address such as"),
        ("https://[", "expected an address such as"),
        ("https://user:hunter2@host:x", "expected an address such as"),
        ("https://user:hunter2@cloud.example.com", "credentials do not belong into an address"),
        ("https://hunter2@cloud.example.com", "credentials do not belong into an address"),
        ("ftp://cloud.example.com", "an address that begins with https://"),
    ],
)
def test_cloud_is_never_spoken_to_in_clear(tmp_path: Path, key: str, address: str, words: str | None) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    urls = {"base_url": "https://cloud.example.com", "token_url": "https://cloud.example.com/token", key: address}
    path = _write(
        tmp_path,
        f"[store]\nid='S1'\n[cloud]\nbase_url='{urls['base_url']}'\n[cloud.oauth]\nclient_id='c'\n"
        f"token_url='{urls['token_url']}'\nclient_secret_file='{secret}'\n",
    )
    _, problems = check_config(read_config(path))
    assert [words in problem.expected for problem in problems if words] == ([True] if words else [])
    assert len(problems) == (words is not None)
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize("lane", ["gateway", "alert"])
def test_lane_is_not_where_topics_of_the_gateway_are(tmp_path: Path, lane: str) -> None:
    device = f"[[device]]\nid='a'\nlane='{lane}'\nprofile='generic-escpos'\ntransport={{kind='tcp',host='h'}}\n"
    text = f"[store]\nid='S1'\n{device}"
    (problem,) = _problems(tmp_path, text)
    assert str(problem).endswith("topics of the gateway itself have alert and gateway there")
    assert (problem.key, problem.line) == ("device[0].lane", 5)


@pytest.mark.parametrize("host", ["", " "])
def test_host_is_not_empty(tmp_path: Path, host: str) -> None:
    (problem,) = _problems(tmp_path, f"[store]\nid='S1'\n[bus]\nhost='{host}'\n")
    assert (problem.key, problem.expected) == ("bus.host", "expected text, not empty (Host of the broker)")


def test_secret_of_blanks_is_empty(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(" \n")
    (problem,) = _problems(tmp_path, f"[store]\nid='S1'\n[bus]\nusername='u'\npassword_file='{secret}'\n")
    assert "the file is empty" in problem.expected


@pytest.mark.parametrize("stream", ["transactions", "audit"])
def test_settings_refuse_to_drop_sales_and_audit_for_their_age(tmp_path: Path, stream: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(f'[store]\nid = "S001"\n[stream.telemetry]\nkeep_days = 3\n[stream.{stream}]\nkeep_days = 30\n')
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    [problem] = caught.value.problems
    assert str(problem) == (
        f"line 6: stream.{stream}.keep_days = 30: {stream} are never dropped, however long they wait: "
        "expected no keep_days here"
    )


@pytest.mark.parametrize("lines", ["", "key_file = '{file}'\ncredential = 'outbox-keys'"])
def test_config_wants_one_place_for_the_keys_of_the_outbox(tmp_path: Path, lines: str) -> None:
    keys = tmp_path / "keys"
    keys.write_text("00" * 32)
    text = f"[store]\nid='S1'\n[outbox.encryption]\n{lines.format(file=keys)}\n"
    assert [problem.key for problem in _problems(tmp_path, text)] == ["outbox.encryption"]


def test_config_refuses_two_uplinks_of_one_name(tmp_path: Path) -> None:
    """They would share a place in the outbox, and sales would count as delivered that one of them never got."""
    kafka = "[[uplink]]\nkind='kafka'\nname='{name}'\nbootstrap_servers=['127.0.0.1:9092']\n"
    text = "[store]\nid='S1'\n" + "".join(kafka.format(name=name) for name in ("lake", "lake", "https"))
    first, second = _problems(tmp_path, text)
    assert (first.key, first.line) == ("uplink[1].name", 9)
    assert "uplink[0] has this name: expected one that no other uplink has" in first.expected
    assert (second.key, second.expected[:7]) == ("uplink[2].name", "[cloud]")


@pytest.mark.parametrize(
    ("lines", "key"), [('sync = "window"', "sync"), ('window = "22:00-05:00"', "window"), ("", None)]
)
def test_config_wants_sync_window_and_its_times_together(tmp_path: Path, lines: str, key: str | None) -> None:
    path = _write(tmp_path, f"[store]\nid='S1'\n[stream.inventory]\n{lines}\n")
    if key is None:
        load_settings(path)
        return
    [problem] = _problems(tmp_path, path.read_text())
    assert problem.key == f"stream.inventory.{key}"
