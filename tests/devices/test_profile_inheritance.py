"""A profile over another: what it takes from it, what it never takes, and what is said where that cannot be."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.errors import ConfigError
from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.devices.profile_files import EXTENDS_MAX, FILE_BYTES_MAX, Merged, ProfileFile
from edge_gateway.devices.profile_model import Profile
from edge_gateway.devices.profiles import find_profile_problems, load_profile, problems_of_profile, profile_names

BASE = """
name = "base"
vendor = "Maker"
model = "Family"
device_class = "scanner"
driver = "drivers.serial_scanner:SerialScanner"
codec = "scanner/rs232-plain"
tier = "experimental"
source = "Maker manual, ch. 3"
quirks = ["It sends its suffix twice; the second is passed over."]
[transport.serial]
baud = 115200
parity = "E"
[settings]
suffix = "tab"
[match]
usb_ids = ["abcd:0001"]
[firmware]
minimum = "1.0"
"""
MODEL = """
name = "model"
extends = "base"
vendor = "Maker"
model = "Model 2"
tier = "experimental"
source = "Maker leaflet of model 2, p. 1"
"""


def write(directory: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (directory / f"{name.replace('_', '-')}.toml").write_text(text)
    return [directory]


def problems_in(name: str, directories: list[Path]) -> dict[str, str]:
    error = find_profile_problems(name, directories)
    return {} if error is None else {problem.key: problem.expected for problem in error.problems}


def test_model_takes_what_it_does_not_say_from_its_base(tmp_path: Path) -> None:
    directories = write(tmp_path, base=BASE, model=MODEL + '[transport.serial]\nparity = "O"\n')
    profile = load_profile("model", directories)
    assert profile.driver == "drivers.serial_scanner:SerialScanner"
    assert profile.transport.serial == {"baud": 115200, "parity": "O"}
    assert profile.settings == {"suffix": "tab"}
    assert profile.quirks == ("It sends its suffix twice; the second is passed over.",)


def test_model_never_takes_what_is_of_one_model(tmp_path: Path) -> None:
    directories = write(tmp_path, base=BASE, model=MODEL)
    profile = load_profile("model", directories)
    assert (profile.model, profile.source) == ("Model 2", "Maker leaflet of model 2, p. 1")
    assert profile.match.usb_ids == ()
    assert profile.firmware.minimum is None
    bare = write(tmp_path, bare='name = "bare"\nextends = "base"\n')
    assert set(problems_in("bare", bare)) == {"vendor", "model", "source", "tier"}


def test_override_of_a_packaged_profile_is_of_the_same_model(tmp_path: Path) -> None:
    name = "epson-tm-t20"
    text = f'name = "{name}"\nextends = "packaged:{name}"\n[settings]\ncolumns = 42\n[firmware]\nminimum = "1.2"\n'
    packaged, ours = load_profile(name), load_profile(name, write(tmp_path, **{name: text}))
    assert ours.settings == {**packaged.settings, "columns": 42}
    assert (ours.model, ours.source, ours.match) == (packaged.model, packaged.source, packaged.match)
    assert ours.firmware.minimum == "1.2"


def test_plain_name_means_the_profile_of_the_site(tmp_path: Path) -> None:
    name = "generic-serial-scanner"
    site = BASE.replace('name = "base"', f'name = "{name}"')
    ours = MODEL.replace('extends = "base"', f'extends = "{name}"')
    packaged = MODEL.replace('"model"', '"other"', 1).replace('extends = "base"', f'extends = "packaged:{name}"')
    directories = write(tmp_path, **{name: site}, model=ours, other=packaged)
    assert load_profile("model", directories).settings == {"suffix": "tab"}
    assert load_profile("other", directories).settings == {}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"model": MODEL}, r"no such profile \(model -> base\); (did you mean|expected one of) .*see docs/devices"),
        ({"model": MODEL.replace('"base"', '"packaged:base"')}, r"no such profile \(model -> packaged:base\)"),
        ({"model": MODEL.replace('"base"', '"model"')}, "cannot extend itself: model -> model.*packaged:model"),
        ({"model": MODEL, "base": 'name = "base"\nextends = "model"'}, "extend itself: model -> base -> model"),
        ({"model": MODEL, "base": "name = "}, r"in .*base\.toml: .*is not TOML"),
        ({"model": MODEL.replace('"base"', "3")}, "expected the name of a profile"),
    ],
)
def test_chain_that_cannot_be_followed_says_where(tmp_path: Path, texts: dict[str, str], expected: str) -> None:
    directories = write(tmp_path, **texts)
    with pytest.raises(ConfigError, match=expected):
        load_profile("model", directories)
    assert set(problems_in("model", directories)) == {"extends"}, "what is inherited is not told as missing"


def test_chain_that_is_too_long_is_refused(tmp_path: Path) -> None:
    texts = {"base": BASE}
    previous = "base"
    for index in range(EXTENDS_MAX + 1):
        name = f"level-{index}"
        texts[name] = MODEL.replace('name = "model"', f'name = "{name}"').replace('"base"', f'"{previous}"')
        previous = name
    directories = write(tmp_path, **texts)
    assert load_profile(f"level-{EXTENDS_MAX - 1}", directories).settings == {"suffix": "tab"}
    with pytest.raises(ConfigError, match=f"more than {EXTENDS_MAX} profiles over one another"):
        load_profile(previous, directories)


def test_every_problem_is_told_at_once_with_its_file_and_line(tmp_path: Path) -> None:
    text = (
        MODEL.replace('"experimental"', '"proven"')
        + 'colour = "red"\n[settings]\nsufix = "tab"\n[transport.tcp]\nport = 0\n'
    )
    directories = write(tmp_path, base=BASE.replace('parity = "E"', 'parity = "X"'), model=text)
    error = find_profile_problems("model", directories)
    assert error is not None
    assert error.source == str(tmp_path / "model.toml")
    own, base = str(tmp_path / "model.toml"), str(tmp_path / "base.toml")
    found = {(problem.source, problem.line, problem.key): problem.expected for problem in error.problems}
    assert set(found) == {
        *((own, 6, "tier"), (own, 8, "colour"), (own, 10, "settings.sufix"), (own, 12, "transport.tcp.port")),
        (base, 13, "transport.serial.parity"),
    }
    assert f"inherited by {own}" in found[base, 13, "transport.serial.parity"]


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ('[match]\nusb_ids = ["0403:6001"]', "match", "an adapter that stands before any device"),
        ('[match]\nusb_ids = ["0C2E:0b61"]', "match.usb_ids[0]", "in lower case, such as 0c2e:0b61"),
        ('[match]\nusage = ["8c"]', "match.usage[0]", "such as 8c:02"),
        ('[match]\nfirmware = ">=x=1"', "match.firmware", "or a range such as >=1.2,<2"),
        ('[firmware]\nminimum = ">=1"', "firmware", "expected one version"),
        ('[firmware]\napproved = ["1.2", ""]', "firmware.approved[1]", "or a range such as"),
        ('[capabilities]\nevents = ["sneezed"]', "capabilities.events", "'sneezed': expected of what the driver has: "),
    ],
)
def test_value_that_is_wrong_is_told_with_what_was_expected(tmp_path: Path, text: str, key: str, expected: str) -> None:
    found = problems_in("model", write(tmp_path, base=BASE, model=MODEL + text))
    assert expected in found[key]


_NASTY = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["events", "serial", "baud", "minimum", "x"]), st.integers() | st.text(max_size=4)),
)  # fmt: skip
_KEYS = sorted({*Profile.model_fields, "colour"})


@given(changes=st.dictionaries(st.sampled_from(_KEYS), _NASTY, max_size=4))
def test_no_content_of_a_profile_is_more_than_a_list_of_problems(changes: dict[str, Any]) -> None:
    """Whatever a person or a disk made of it: told, and never an error of another kind."""
    data = {**tomllib.loads(BASE), **changes}
    merged = Merged((ProfileFile("base", "base.toml", "", False, data),), data)
    for problem in problems_of_profile(merged):
        assert str(problem)


def test_what_is_no_file_is_no_profile(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    assert profile_names([tmp_path]) == profile_names()


def test_file_that_is_no_profile_is_told(tmp_path: Path) -> None:
    (tmp_path / "big.toml").write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    (tmp_path / "binary.toml").write_bytes(b'name = "\xff"')
    for name, expected in (("big", "has more than"), ("binary", "cannot be read")):
        error = find_profile_problems(name, [tmp_path])
        assert error is not None
        assert expected in str(error)


@pytest.mark.parametrize(
    ("match", "policy", "reported", "expected"),
    [
        (None, None, "1.2", None),
        (">=1,<2", None, "1.2", FirmwareStatus.APPROVED),
        (">=1,<2", None, None, FirmwareStatus.NOT_REPORTED),
        (">=1,<2", None, "2.1", FirmwareStatus.OTHER_PROFILE),
        (">=1,<2", "1.5", "1.2", FirmwareStatus.BELOW_MINIMUM),
        (">=1,<2", "1.5", "2.1", FirmwareStatus.OTHER_PROFILE),
        (">=1,<2", None, "ABC-1", FirmwareStatus.OTHER_PROFILE),
    ],
)
def test_firmware_is_judged_by_policy_and_by_the_versions_a_profile_is_for(
    match: str | None, policy: str | None, reported: str | None, expected: FirmwareStatus | None
) -> None:
    given = {"match": {"firmware": match}, "firmware": {"minimum": policy}}
    profile = Profile.model_validate({**tomllib.loads(BASE), **given})
    assert profile.judge_firmware(reported) is expected
