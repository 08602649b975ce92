"""Where the commands of a box ask its gateway, whatever it listens at."""

from __future__ import annotations

import pytest

from edge_gateway.commands import devices
from edge_gateway.settings import GatewaySettings, StatusSettings


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - nothing listens here
        ("::", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
        ("box.example", "http://box.example:8080"),
    ],
)
def test_status_is_asked_at_an_address_that_can_be_asked(host: str, url: str) -> None:
    assert StatusSettings(host=host).local_url == url


def test_devices_asks_there_too() -> None:
    settings = GatewaySettings.model_validate({"store": {"id": "S1"}, "status": {"host": "::", "port": 1}})
    source, _, _ = devices._look(settings)
    assert source == "the gateway does not answer at http://[::1]:1; states are not known"
