"""What stores fetch from the simulated cloud."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal

import httpx2
import pytest

from simulators.catalogue import ITEMS
from simulators.cloud import CloudSimulator
from tests.support.cloud_client import CloudClient, cloud_client, sale_event
from tests.support.waiting import wait_until


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    async with CloudSimulator() as cloud:
        yield cloud


@pytest.fixture
async def client(cloud: CloudSimulator) -> AsyncIterator[CloudClient]:
    async with cloud_client(cloud) as client:
        yield client


async def test_catalogue_is_fetched_in_pages_without_a_gap(client: CloudClient) -> None:
    skus: list[str] = []
    token, has_more = "", True
    while has_more:
        page = (await client.get("/v1/catalogue/changes", after=token, limit=7)).json()
        skus += [item["sku"] for item in page["items"]]
        token, has_more = page["next"], page["has_more"]
    assert skus == [item.sku for item in ITEMS]
    assert (await client.get("/v1/catalogue/changes", after=token)).json() == {
        "items": [],
        "next": token,
        "has_more": False,
    }


async def test_catalogue_shows_a_changed_price_after_the_token(client: CloudClient) -> None:
    token = (await client.get("/v1/catalogue/changes")).json()["next"]
    assert (await client.http.put("/oracle/catalogue/12345", json={"unit_price": "1.75"})).status_code == 200
    (item,) = (await client.get("/v1/catalogue/changes", after=token)).json()["items"]
    assert (item["sku"], item["unit_price"]) == ("12345", "1.75")
    assert (await client.http.put("/oracle/catalogue/0", json={"unit_price": "1.75"})).status_code == 404
    assert (await client.http.put("/oracle/catalogue/12345", json={"unit_price": "-1"})).status_code == 400


@pytest.mark.parametrize("token", ["c99999", "x", "c-1", "9" * 100])
async def test_catalogue_refuses_a_token_that_it_never_gave(client: CloudClient, token: str) -> None:
    assert (await client.get("/v1/catalogue/changes", after=token)).status_code == 400


async def test_inventory_follows_what_is_sold_and_given_back(client: CloudClient) -> None:
    async def level(product_id: int) -> int:
        return int((await client.get("/api/inventory", product_id=product_id)).json()["stock_level"])

    assert await level(12345) == 50
    await client.send(
        sale_event("e1", "t1", sold=[("12345", Decimal(3)), ("12345", Decimal(1)), ("4725", Decimal("1.5"))])
    )
    assert (await level(12345), await level(4725)) == (46, 48)
    await client.send(sale_event("e2", "t2", sold=[("12345", Decimal(1))], type="return"))
    assert await level(12345) == 47


@pytest.mark.parametrize(("product", "status"), [("1", 404), ("x", 400), ("-1", 400), ("", 400)])
async def test_inventory_of_an_unknown_product_is_a_problem(client: CloudClient, product: str, status: int) -> None:
    response = await client.get("/api/inventory", product_id=product)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


async def test_command_poll_waits_its_time_and_gives_an_empty_list(client: CloudClient) -> None:
    started = time.monotonic()
    response = await client.get("/v1/stores/S001/commands", wait=0.2)
    assert response.json()["commands"] == []
    assert time.monotonic() - started >= 0.2
    again = await client.get("/v1/stores/S001/commands", after=response.json()["next"])
    assert again.json() == response.json()


async def test_commands_are_given_signed_and_served_after_a_token(cloud: CloudSimulator, client: CloudClient) -> None:
    order = {"store_id": "S001", "name": "ping", "id": "c1"}
    given = (await client.http.put("/oracle/commands", json=order)).json()
    first = (await client.get("/v1/stores/S001/commands")).json()
    assert first["commands"] == [given]
    assert set(given) == {"id", "store_id", "name", "params", "expires_at", "key_id", "signature"}
    assert (await client.get("/v1/stores/S001/commands", after=first["next"])).json()["commands"] == []
    assert (await client.get("/v1/stores/S002/commands")).json()["commands"] == []
    assert "BEGIN PUBLIC KEY" in (await client.http.get("/oracle/commands")).json()["public_key"]
    await client.http.delete("/oracle/commands/tokens")
    refused = await client.get("/v1/stores/S001/commands", after=first["next"])
    assert (refused.status_code, refused.json()["detail"]) == (400, "after: unknown token; ask without one")
    assert (await client.get("/v1/stores/S001/commands")).json()["commands"] == [given]


async def test_command_poll_does_not_hold_up_the_stop(cloud: CloudSimulator, client: CloudClient) -> None:
    polling = asyncio.create_task(client.get("/v1/stores/S001/commands", wait=60))
    await wait_until(lambda: cloud.paused_requests == 1)
    await asyncio.wait_for(cloud.stop(), 3)
    try:
        assert (await polling).json()["commands"] == []
    except httpx2.TransportError:
        assert polling.done()


@pytest.mark.parametrize("path", ["/v1/stores/S 1/commands", "/v1/stores/S001/commands?wait=61", "/nothing"])
async def test_what_is_not_valid_is_a_problem(client: CloudClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code in (400, 404)
    assert response.headers["content-type"] == "application/problem+json"
