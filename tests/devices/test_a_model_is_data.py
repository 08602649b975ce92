"""A further model of a known protocol is one TOML file: no Python, no shared file."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_gateway.recordings.replay import as_text, replay
from edge_gateway.transports.recording import parse

RECORDINGS = Path(__file__).parents[1] / "recordings"
MODELS = [
    ("scale/mettler-toledo-8217.normal", 'extends = "mettler-toledo-8217"'),
    ("scanner/generic-serial-scanner.crlf-aim", 'extends = "generic-serial-scanner"'),
]


@pytest.mark.parametrize(("recording", "extends"), MODELS, ids=[recording for recording, _ in MODELS])
async def test_new_model_of_a_known_protocol_is_one_file(tmp_path: Path, recording: str, extends: str) -> None:
    (tmp_path / "brand-new.toml").write_text(
        f'name = "brand-new"\nvendor = "Acme"\nmodel = "Brand new"\nsource = "Acme manual, p. 1"\n'
        f'tier = "experimental"\n{extends}\n'
    )
    text = (RECORDINGS / f"{recording}.rec").read_text("utf-8")
    lines = text.splitlines()
    lines[1] = "profile: brand-new"
    expected = (RECORDINGS / f"{recording}.expected.jsonl").read_text("utf-8").splitlines()
    assert as_text(await replay(parse("\n".join(lines) + "\n"), profile_directories=[tmp_path])) == expected
