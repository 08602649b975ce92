"""Who the gateway says it is: keys, signed tokens, tokens of the cloud; rotated while it runs, refreshed in time."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.uplinks.http.https import HttpsUplink
from simulators.cloud import CloudSimulator
from simulators.cloud.access import JwtRule
from tests.support.clock import FakeClock
from tests.support.cloud_access import make_key, private_pem, public_pem
from tests.support.http_far_end import Exchange, http_far_end
from tests.support.stores import event
from tests.support.waiting import wait_until

ALGORITHMS = ("RS256", "ES256", "EdDSA")


def uplink_to(url: str, *, clock: Any = None, **settings: object) -> HttpsUplink:
    return HttpsUplink(CloudSettings.model_validate({"base_url": url, **settings}), clock or SystemClock())


def jwt_settings(file: Path, algorithm: str = "ES256", **more: Any) -> dict[str, Any]:
    return {
        "private_key_file": file,
        "algorithm": algorithm,
        "issuer": "store-S001",
        "audience": "cloud",
        "key_id": "k1",
        **more,
    }


def oauth_settings(url: str, folder: Path, secret: str) -> dict[str, Any]:
    (folder / "client-secret").write_text(secret)
    return {"token_url": url, "client_id": "edge-gateway", "client_secret_file": folder / "client-secret"}


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def accept_all(exchange: Exchange) -> None:
    results = [{"id": one["id"], "status": "accepted"} for one in json.loads(exchange.body)]
    await exchange.answer(200, json.dumps({"results": results}).encode())


async def test_api_key_goes_into_its_header_and_is_rotated_without_a_restart(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("first-key\n")
    async with CloudSimulator(is_token_required=False, api_key="first-key") as cloud:
        uplink = uplink_to(cloud.url, api_key={"key_file": key_file})
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        cloud.access.api_key = "second-key"
        with pytest.raises(CloudTransientError, match=r"401 \(api key: unknown\); check cloud.api_key") as caught:
            await uplink.deliver("transactions", [event("e2")])
        assert "first-key" not in str(caught.value)
        key_file.write_text("second-key")
        assert await uplink.deliver("transactions", [event("e2")]) == {"e2": DELIVERED}
        assert uplink.counters["answers:401"] == 1, "a refused key is not sent twice"
        await uplink.close()


@pytest.mark.parametrize(
    ("content", "words"), [("", "is empty"), ("two\nlines", "holds no key"), (None, "cannot be read: No such file")]
)
async def test_api_key_that_is_none_is_told_with_its_file(tmp_path: Path, content: str | None, words: str) -> None:
    key_file = tmp_path / "key"
    if content is not None:
        key_file.write_text(content)
    uplink = uplink_to("http://127.0.0.1:1", api_key={"key_file": key_file})
    with pytest.raises(CloudTransientError, match=rf"cloud.api_key.key_file .*key.* {words}"):
        await uplink.deliver("transactions", [event("e1")])
    await uplink.close()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_cloud_takes_a_signed_token(tmp_path: Path, algorithm: str) -> None:
    key = make_key(algorithm)
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    rule = JwtRule(public_pem(key), "store-S001", "cloud", (algorithm,))
    async with CloudSimulator(is_token_required=False, jwt_rule=rule) as cloud:
        uplink = uplink_to(cloud.url, jwt=jwt_settings(tmp_path / "key.pem", algorithm))
        batches = [uplink.deliver("transactions", [event(f"e{number}")]) for number in range(4)]
        assert await asyncio.gather(*batches) == [{f"e{number}": DELIVERED} for number in range(4)]
        assert len(cloud.access.token_ids_seen) == 1, "one token serves all requests while it is fresh"
        await uplink.close()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_signed_token_is_what_the_standard_says(tmp_path: Path, algorithm: str) -> None:
    """Verified by hand, without the library that signed it."""
    key = make_key(algorithm)
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    clock = FakeClock()
    async with http_far_end(accept_all) as far_end:
        jwt = jwt_settings(tmp_path / "key.pem", algorithm, lifetime_s=120)
        uplink = uplink_to(far_end.url(), clock=clock, jwt=jwt)
        await uplink.deliver("transactions", [event("e1")])
        await uplink.close()
    token = far_end.requests[0].headers["authorization"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    assert json.loads(decoded(head)) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    body = json.loads(decoded(claims))
    assert (body["iss"], body["sub"], body["aud"]) == ("store-S001", "store-S001", "cloud")
    assert datetime.fromtimestamp(body["iat"], UTC) == clock.now()
    assert body["exp"] - body["iat"] == 120
    signed, public = f"{head}.{claims}".encode(), key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        public.verify(decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(public, ec.EllipticCurvePublicKey):
        raw = decoded(signature)
        numbers = [int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")]
        public.verify(utils.encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA256()))
    else:
        assert isinstance(public, ed25519.Ed25519PublicKey)
        public.verify(decoded(signature), signed)


async def test_signed_token_is_renewed_before_it_expires_and_when_the_clock_is_set(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(private_pem(make_key("ES256")))
    clock = FakeClock()
    async with http_far_end(accept_all) as far_end:
        uplink = uplink_to(far_end.url(), clock=clock, jwt=jwt_settings(tmp_path / "key.pem", lifetime_s=100))
        for wait_s, jump_s in ((0, 0), (79, 0), (2, 0), (1, 0), (1, 86_400), (1, 2), (1, -86_400)):
            await clock.advance(wait_s)
            clock.jump_wall_clock(jump_s)
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()
    tokens = [request.headers["authorization"] for request in far_end.requests]
    assert [tokens.index(token) for token in tokens] == [0, 0, 2, 2, 4, 4, 6]
    ids = [json.loads(decoded(token.split(".")[1]))["jti"] for token in tokens]
    assert len(set(ids)) == 4


async def test_signed_token_that_is_refused_is_made_anew_once(tmp_path: Path) -> None:
    key, other = make_key("EdDSA"), make_key("EdDSA")
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    rule = JwtRule(public_pem(other), "store-S001", "cloud")
    async with CloudSimulator(is_token_required=False, jwt_rule=rule) as cloud:
        uplink = uplink_to(cloud.url, jwt=jwt_settings(tmp_path / "key.pem", "EdDSA"))
        with pytest.raises(CloudTransientError, match=r"401 .*check cloud.jwt"):
            await uplink.deliver("transactions", [event("e1")])
        assert uplink.counters["answers:401"] == 2
        (tmp_path / "key.pem").write_bytes(private_pem(other))
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        await uplink.close()


async def test_box_with_a_wrong_clock_is_told_so(tmp_path: Path) -> None:
    key = make_key("ES256")
    (tmp_path / "key.pem").write_bytes(private_pem(key))
    clock = FakeClock(datetime(2020, 1, 1, tzinfo=UTC))
    async with CloudSimulator(
        is_token_required=False, jwt_rule=JwtRule(public_pem(key), "store-S001", "cloud")
    ) as cloud:
        uplink = uplink_to(cloud.url, clock=clock, jwt=jwt_settings(tmp_path / "key.pem"))
        with pytest.raises(
            CloudTransientError, match=r"401; this box's clock is \d+ s behind the far end's.*timedatectl"
        ):
            await uplink.deliver("transactions", [event("e1")])
        clock.jump_wall_clock((datetime.now(UTC) - clock.now()).total_seconds())
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        await uplink.close()


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("RS256", "ES256"), ("ES256", "EdDSA"), ("EdDSA", "RS256"), ("ES256", None)]
)
async def test_key_of_another_kind_is_told_without_showing_it(tmp_path: Path, algorithm: str, kind: str | None) -> None:
    pem = (
        b"-----BEGIN PRIVATE KEY-----\nQUJDREVGR0g=\n-----END PRIVATE KEY-----\n"
        if kind is None
        else private_pem(make_key(kind))
    )
    (tmp_path / "key.pem").write_bytes(pem)
    uplink = uplink_to("http://127.0.0.1:1", jwt=jwt_settings(tmp_path / "key.pem", algorithm))
    with pytest.raises(
        CloudTransientError, match=f"cannot sign with {algorithm}: expected an? .* key in PEM"
    ) as caught:
        await uplink.deliver("transactions", [event("e1")])
    assert pem.decode().splitlines()[1] not in str(caught.value)
    await uplink.close()


async def test_many_refused_at_once_ask_for_one_new_token(tmp_path: Path) -> None:
    async with CloudSimulator() as cloud:
        uplink = uplink_to(cloud.url, oauth=oauth_settings(cloud.token_url, tmp_path, cloud.client_secret))
        await uplink.deliver("transactions", [event("first")])
        cloud.tokens.forget_all()
        ids = [f"e{number}" for number in range(4)]
        outcomes = await asyncio.gather(*(uplink.deliver("transactions", [event(name)]) for name in ids))
        assert outcomes == [{name: DELIVERED} for name in ids]
        assert cloud.tokens.issued == 2
        await uplink.close()


async def test_token_endpoint_that_stalls_holds_all_up_once_and_not_one_after_the_other(tmp_path: Path) -> None:
    async def stall(exchange: Exchange) -> None:
        await exchange.reader.read()

    async with http_far_end(stall) as far_end:
        oauth = oauth_settings(far_end.url(), tmp_path, "s")
        uplink = uplink_to(far_end.url(), oauth=oauth, first_byte_timeout_s=0.2)
        batches = [uplink.deliver("transactions", [event(f"e{number}")]) for number in range(5)]
        outcomes = await asyncio.gather(*batches, return_exceptions=True)
        assert all(isinstance(outcome, CloudTransientError) for outcome in outcomes), outcomes
        assert len(far_end.requests) == 1
        await uplink.close()


async def test_token_that_is_good_still_is_used_while_its_endpoint_fails(tmp_path: Path) -> None:
    answers: Counter[str] = Counter()
    is_down = False

    async def behave(exchange: Exchange) -> None:
        if exchange.path != "/token":
            await accept_all(exchange)
            return
        answers["asked"] += 1
        body = json.dumps({"access_token": f"t{answers['asked']}", "expires_in": 100}).encode()
        await exchange.answer(500 if is_down else 200, b"" if is_down else body)

    clock = FakeClock()
    async with http_far_end(behave) as far_end:
        uplink = uplink_to(far_end.url(), clock=clock, oauth=oauth_settings(far_end.url() + "/token", tmp_path, "s"))
        await uplink.deliver("transactions", [event("e1")])
        is_down = True
        await clock.advance(91)
        await asyncio.gather(*(uplink.deliver("transactions", [event("e1")]) for _ in range(3)))
        await wait_until(lambda: answers["asked"] == 2)
        await uplink.deliver("transactions", [event("e1")])
        assert answers["asked"] == 2, "an endpoint that fails is not asked at once again"
        await clock.advance(10)
        with pytest.raises(CloudTransientError, match="the token endpoint answered 500"):
            await uplink.deliver("transactions", [event("e1")])
        is_down = False
        await uplink.deliver("transactions", [event("e1")])
        assert far_end.requests[-1].headers["authorization"] == f"Bearer t{answers['asked']}"
        await uplink.close()


def test_no_secret_is_in_a_repr_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("very-secret-key")
    settings = CloudSettings.model_validate(
        {"base_url": "https://c.example", "api_key": {"key_file": tmp_path / "key"}}
    )
    assert "very-secret-key" not in repr(settings)
    assert "very-secret-key" not in repr(vars(HttpsUplink(settings, SystemClock())))
