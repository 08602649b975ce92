"""The published OpenAPI document is the one that the simulated cloud serves, and the cloud does what it says."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from simulators.cloud import CloudSimulator, main
from simulators.cloud.app import openapi_document

DOCUMENT = Path(__file__).parents[2] / "docs" / "cloud-openapi.json"


def test_published_document_is_up_to_date() -> None:
    remedy = "run: edge-gateway simulate cloud --openapi > docs/cloud-openapi.json"
    assert json.loads(DOCUMENT.read_text()) == openapi_document(), remedy


def test_command_prints_the_document_as_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--openapi"]) == 0
    assert capsys.readouterr().out == DOCUMENT.read_text()


async def test_served_document_is_the_published_one() -> None:
    async with CloudSimulator() as cloud, httpx2.AsyncClient(base_url=cloud.url) as http:
        assert (await http.get("/openapi.json")).json() == openapi_document()


def test_document_says_what_the_contract_says_and_nothing_of_the_oracle() -> None:
    document = openapi_document()
    assert set(document["paths"]) == {
        "/oauth/token",
        "/v1/orders/events",
        "/v1/inventory/events",
        "/v1/events",
        "/v1/catalogue/changes",
        "/v1/stores/{store}/commands",
        "/api/inventory",
    }
    orders = document["paths"]["/v1/orders/events"]["post"]
    assert list(orders["requestBody"]["content"]) == ["application/cloudevents-batch+json"]
    assert {"200", "400", "401", "413", "415", "429", "500"} == set(orders["responses"])
    assert orders["security"] == [{"client_credentials": []}, {"api_key": []}, {"signed_token": []}]
    assert "HTTPValidationError" not in document["components"]["schemas"]
