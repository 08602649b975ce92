"""Tokens of the simulated cloud."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from simulators.cloud import CloudSimulator
from simulators.cloud.tokens import TOKENS_MAX, Tokens
from tests.support.clock import FakeClock
from tests.support.cloud_client import ORDERS, cloud_client, event

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    async with CloudSimulator(client_id="box 7", client_secret="s:e c+ret") as cloud:
        yield cloud


async def test_token_is_given_for_credentials_in_the_form(cloud: CloudSimulator) -> None:
    async with httpx2.AsyncClient(base_url=cloud.url) as http:
        form = {**GRANT, "client_id": "box 7", "client_secret": "s:e c+ret", "scope": "events"}
        response = await http.post("/oauth/token", data=form)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        body = response.json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, "events")


async def test_token_is_given_for_credentials_in_a_basic_header(cloud: CloudSimulator) -> None:
    async with httpx2.AsyncClient(base_url=cloud.url) as http:
        # RFC 6749, section 2.3.1: both are form-encoded before they are put into the header
        response = await http.post("/oauth/token", data=GRANT, auth=("box+7", "s%3Ae+c%2Bret"))
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({**GRANT, "client_id": "box 7", "client_secret": "wrong"}, 401, "invalid_client"),
        ({**GRANT, "client_id": "other", "client_secret": "s:e c+ret"}, 401, "invalid_client"),
        (GRANT, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_id": "box 7"}, 400, "invalid_request"),
    ],
)
async def test_token_is_refused_in_the_words_of_oauth(
    cloud: CloudSimulator, form: dict[str, str], status: int, error: str
) -> None:
    async with httpx2.AsyncClient(base_url=cloud.url) as http:
        response = await http.post("/oauth/token", data=form)
        assert (response.status_code, response.json()["error"]) == (status, error)
        assert ("www-authenticate" in response.headers) == (status == 401)


@pytest.mark.parametrize("headers", [{"Content-Type": "application/json"}, {"Authorization": "Basic ???"}])
async def test_token_request_that_is_malformed_is_refused(cloud: CloudSimulator, headers: dict[str, str]) -> None:
    async with httpx2.AsyncClient(base_url=cloud.url) as http:
        form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        response = await http.post("/oauth/token", content=b"grant_type=client_credentials", headers=form)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


async def test_token_expires() -> None:
    clock = FakeClock()
    async with (
        CloudSimulator(token_lifetime_s=60, monotonic=clock.monotonic) as cloud,
        cloud_client(cloud) as client,
    ):
        assert await client.send(event("a")) == [("a", "accepted")]
        await clock.advance(60)
        response = await client.post([event("a")])
        assert response.status_code == 401
        assert 'error="invalid_token"' in response.headers["www-authenticate"]
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/catalogue/changes", "/v1/stores/S001/commands", "/api/inventory?product_id=1"])
async def test_every_call_asks_for_a_token(cloud: CloudSimulator, path: str) -> None:
    async with httpx2.AsyncClient(base_url=cloud.url) as http:
        assert (await http.get(path)).status_code == 401
        assert (await http.post(ORDERS, content=b"x" * 500_000)).status_code == 401


async def test_cloud_without_tokens_asks_for_none() -> None:
    async with (
        CloudSimulator(is_token_required=False) as cloud,
        httpx2.AsyncClient(base_url=cloud.url) as http,
    ):
        assert (await http.get("/api/inventory", params={"product_id": 12345})).status_code == 200


def test_tokens_are_bounded() -> None:
    tokens = Tokens(lambda: 0.0, client_id="a", client_secret="b")
    body = "grant_type=client_credentials&client_id=a&client_secret=b"
    given = [tokens.grant(body, None).access_token for _ in range(TOKENS_MAX + 1)]
    assert not tokens.is_valid(f"Bearer {given[0]}")
    assert tokens.is_valid(f"bearer {given[1]}")
    assert tokens.is_valid(f"Bearer {given[-1]}")
