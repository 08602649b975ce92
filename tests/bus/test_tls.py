"""TLS to a real Mosquitto: the daemon and its doctor trust the store's own certificates, and nobody else's."""

from __future__ import annotations

import gc
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from edge_gateway.diagnosis.mqtt_probe import probe_broker
from edge_gateway.settings import BusSettings
from tests.support.broker import Broker, wait_until
from tests.support.bus import make_bus, running


@pytest.fixture
async def tls_broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """Asks for a client certificate. ``ca.pem``, ``client.pem`` and ``client.key`` are in the test's directory."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    trustme.CA().cert_pem.write_to_path(tmp_path / "stranger.pem")
    for name in ("127.0.0.1", "client"):
        certificate = authority.issue_cert(name)
        certificate.private_key_pem.write_to_path(tmp_path / f"{name}.key")
        certificate.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
    server = f"cafile {tmp_path}/ca.pem\ncertfile {tmp_path}/127.0.0.1.pem\nkeyfile {tmp_path}/127.0.0.1.key"
    broker = Broker(tmp_path / "broker", extra=f"{server}\nrequire_certificate true")
    await broker.start()
    yield broker
    await broker.stop()


async def test_bus_and_doctor_reach_a_broker_with_the_stores_certificates(tls_broker: Broker, tmp_path: Path) -> None:
    files = {"ca_file": "ca.pem", "certificate_file": "client.pem", "key_file": "client.key"}
    settings = {name: tmp_path / file for name, file in files.items()}
    await probe_broker(BusSettings(host=tls_broker.host, port=tls_broker.port, **settings))
    bus = make_bus(tls_broker, **settings)
    async with running(bus):
        await wait_until(lambda: bus.queued == 0)
        assert bus.counters["published"] == 1


# paho leaves the socket of a failed handshake to the garbage collector, which closes it and says so
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_bus_and_doctor_do_not_trust_a_broker_of_another_authority(tls_broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLError):
        await probe_broker(BusSettings(host=tls_broker.host, port=tls_broker.port, ca_file=tmp_path / "stranger.pem"))
    bus = make_bus(tls_broker, ca_file=tmp_path / "stranger.pem")
    async with running(bus, is_connected=False):
        await wait_until(lambda: bus.counters["connect_failed"] >= 2)
        assert not bus.is_connected
    gc.collect()
