"""The simulated printer as a command: a process that takes print data over TCP and orders on standard input."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any


async def _news(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        line = await process.stdout.readline()
    news: dict[str, Any] = json.loads(line)
    return news


async def test_simulated_printer_prints_answers_and_obeys(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "edge_gateway",
        *("simulate", "escpos-printer", "--port", "0", "--png-dir", str(tmp_path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        port = (await _news(process))["port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x1b@hello\n\x1dV\x00")
        news = await _news(process)
        assert news["event"] == "receipt"
        assert Path(news["png"]).read_bytes().startswith(b"\x89PNG")
        process.stdin.write(b"text\ncover_open on\nshow\nnonsense\n")
        assert (await _news(process))["text"] == ["hello"]
        assert (await _news(process))["condition"]["is_cover_open"] is True
        assert "no such order" in (await _news(process))["error"]
        writer.write(b"\x10\x04\x02")
        assert await reader.readexactly(1) == b"\x16"
        writer.close()
        process.stdin.write(b"quit\n")
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
