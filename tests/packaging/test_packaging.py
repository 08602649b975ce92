"""What is installed and what is committed: names, types, the lock, and the wheel without the source tree."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.support.markdown import ROOT

PACKAGES = ("edge_gateway", "drivers", "protocols", "simulators", "firmware_profiles")
ADDRESS = re.compile(r'(?:registry|url) = "https?://([^/"]+)')


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    out = tmp_path_factory.mktemp("wheel")
    command = [Path(sys.executable).parent / "uv", "build", "--wheel", "--no-build-isolation", "--quiet"]
    subprocess.run([*command, "--out-dir", out, ROOT], check=True, stdin=subprocess.DEVNULL)
    (built,) = out.glob("*.whl")
    return built


def test_no_other_distribution_owns_one_of_our_top_level_names() -> None:
    for distribution in distributions():
        if distribution.metadata["Name"] == "edge-gateway":
            continue
        owned = {Path(str(file)).parts[0] for file in distribution.files or () if ".." not in Path(str(file)).parts}
        clash = owned & {*PACKAGES, *(f"{name}.py" for name in PACKAGES)}
        assert not clash, f"{distribution.metadata['Name']} installs {clash}"


def test_lock_holds_no_address_of_a_package_index() -> None:
    hosts = set(ADDRESS.findall((ROOT / "uv.lock").read_text()))
    assert hosts == {"index.invalid"}, "run ./dev lock, which removes the addresses"


def test_lock_is_of_the_dependencies_that_are_declared(tmp_path: Path) -> None:
    command = [Path(sys.executable).parent / "uv", "lock", "--check", "--offline", "--cache-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"run ./dev lock: {done.stderr}"


def test_every_package_tells_that_it_is_typed() -> None:
    assert all((ROOT / name / "py.typed").exists() for name in PACKAGES)


def test_wheel_has_profiles_schema_and_example_configuration(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        "firmware_profiles/mettler-toledo-8217.toml",
        "edge_gateway/store/schema/v001.sql",
        "edge_gateway/store/schema/v002.sql",
        "edge_gateway/resources/gateway.toml",
        *(f"{name}/py.typed" for name in PACKAGES),
    }
    assert expected <= names, expected - names
    assert not [name for name in names if name.startswith("tests/")]


def test_wheel_works_without_the_source_tree(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own that borrows only the dependencies."""
    venv.create(tmp_path / "venv", with_pip=False)
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    dependencies = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    python = tmp_path / "venv" / "bin" / "python"
    program = (
        "import sys; from importlib.util import find_spec\n"
        f"sys.path.append({str(dependencies)!r})\n"
        "import edge_gateway, edge_gateway.app\n"
        "from edge_gateway.devices.profiles import load_driver, load_profile, profile_names\n"
        "assert len([load_driver(load_profile(name)) for name in profile_names()]) >= 5\n"
        "from edge_gateway.commands.config import example_text\n"
        "assert '[[device]]' in example_text()\n"
        f"print(edge_gateway.__file__)\n"
    )
    shown = subprocess.run(
        [python, "-P", "-c", program], check=True, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ).stdout  # fmt: skip
    assert str(tmp_path) in shown


def test_dev_script_is_clean_posix_shell() -> None:
    for script in ("dev", ".ci/run", "systemd/build-deb"):
        assert (ROOT / script).read_text().startswith("#!/bin/sh\n")
        subprocess.run(["sh", "-n", ROOT / script], check=True)
    shown = subprocess.run(["sh", ROOT / "dev", "help"], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert all(f"./dev {command}" in shown for command in ("demo", "test", "bench", "torture", "deb", "docs", "help"))


def test_every_change_has_its_fragment_in_one_form() -> None:
    for fragment in (ROOT / "changelog.d").iterdir():
        assert re.fullmatch(r"\d{3}\.(added|changed|fixed)\.md", fragment.name), fragment
        assert len(fragment.read_text().strip().splitlines()) == 1, fragment


def test_wheel_holds_fonts_with_their_licence_and_print_templates(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    resources = ROOT / "edge_gateway" / "resources"
    for folder in ("fonts", "print_templates"):
        wanted = {f"edge_gateway/resources/{folder}/{path.name}" for path in (resources / folder).iterdir()}
        assert wanted
        assert wanted <= names
    assert any(name.endswith("licenses/edge_gateway/resources/fonts/OFL.txt") for name in names)
