"""The small disk is filled to the byte that was asked for, and freed again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulators.torture.disk import SmallDisk


@pytest.mark.parametrize("left", [0, 500_000])
async def test_disk_is_filled_as_asked_and_freed_again(tmp_path: Path, left: int) -> None:
    disk = SmallDisk(tmp_path / "disk")
    await disk.mount()
    if not disk.is_small:
        pytest.skip(f"only root mounts a tmpfs here: {disk.why_not}")
    try:
        before = os.statvfs(disk.path).f_bavail
        assert left - 8192 <= disk.fill(left) <= left
        assert disk.fill(left) <= left, "again is harmless"
        disk.free()
        assert os.statvfs(disk.path).f_bavail == before
    finally:
        await disk.unmount()
    assert not disk.is_small


async def test_disk_says_why_it_is_none_where_nothing_may_be_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    disk = SmallDisk(tmp_path / "disk")
    await disk.mount()
    assert not disk.is_small
    assert "mount" in disk.why_not
    assert disk.path.is_dir()
