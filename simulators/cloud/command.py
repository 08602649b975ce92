"""``edge-gateway simulate cloud``: the cloud as a process, and a word with one that runs."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path
from typing import Any

import uvloop

from simulators.cloud.access import CloudTls, JwtRule
from simulators.cloud.app import openapi_document
from simulators.cloud.faults import FaultMode
from simulators.cloud.simulator import CloudSimulator
from simulators.cloud.tokens import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, TOKEN_LIFETIME_S

DEFAULT_PORT = 9080


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal, or for --seconds; print the address, and the ledger's totals at the end, as JSON.

    With --at: set the fault of a simulator that runs elsewhere, if one is named, and print its totals.
    """
    options = _parser().parse_args(argv)
    if options.openapi:
        print(json.dumps(openapi_document(), indent=2))
        return 0
    if options.at is not None:
        return _talk(options)
    try:
        uvloop.run(_serve(options))
    except OSError as error:
        print(f"cloud: cannot listen on {options.host}:{options.port}, or use the ledger: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    cloud = CloudSimulator(
        options.host,
        options.port,
        client_id=options.client_id,
        client_secret=options.client_secret,
        token_lifetime_s=options.token_lifetime,
        is_token_required=not (options.no_token or options.api_key or options.jwt_public_key),
        api_key=options.api_key,
        jwt_rule=_jwt_rule(options),
        tls=_tls(options),
        ledger_path=options.ledger,
    )
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with cloud:
        if options.fault is not None:
            cloud.set_fault(**_fault(options))
        _print({"url": cloud.url, "token_url": cloud.token_url, "client_id": cloud.client_id})
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), options.seconds)
    _print(cloud.ledger.summary())


def _jwt_rule(options: argparse.Namespace) -> JwtRule | None:
    if options.jwt_public_key is None:
        return None
    return JwtRule(options.jwt_public_key.read_bytes(), options.jwt_issuer, options.jwt_audience)


def _tls(options: argparse.Namespace) -> CloudTls | None:
    if options.certificate is None:
        return None
    return CloudTls(options.certificate, options.key or options.certificate, options.client_ca)


def _talk(options: argparse.Namespace) -> int:
    import httpx2

    try:
        with httpx2.Client(base_url=options.at, trust_env=False) as http:
            if options.fault is not None:
                http.put("/oracle/faults", json=_fault(options)).raise_for_status()
            # While connections are refused the oracle is away as well.
            if options.fault != FaultMode.REFUSE_CONNECTIONS:
                _print(http.get("/oracle/summary").raise_for_status().json())
    except httpx2.HTTPError as error:
        print(f"cloud: {options.at}: {error}; is a simulated cloud running there?", file=sys.stderr)
        return 1
    return 0


def _fault(options: argparse.Namespace) -> dict[str, Any]:
    named = {
        "mode": options.fault,
        "seconds": options.fault_seconds,
        "requests": options.fault_requests,
        "probability": options.fault_probability,
        "delay_s": options.fault_delay,
        "seed": options.seed,
    }
    return {name: value for name, value in named.items() if value is not None}


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edge-gateway simulate cloud", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port to listen at; 0 takes a free one")
    parser.add_argument("--ledger", type=Path, help="file that keeps what was applied, over restarts")
    parser.add_argument("--client-id", default=DEFAULT_CLIENT_ID)
    parser.add_argument("--client-secret", default=DEFAULT_CLIENT_SECRET, help="for tests; it is visible in ps")
    parser.add_argument("--token-lifetime", type=float, default=TOKEN_LIFETIME_S, metavar="SECONDS")
    parser.add_argument("--no-token", action="store_true", help="ask for no token")
    parser.add_argument("--api-key", help="take this key in X-API-Key; for tests, it is visible in ps")
    parser.add_argument("--jwt-public-key", type=Path, metavar="FILE", help="take tokens signed with its private key")
    parser.add_argument("--jwt-issuer", default="edge-gateway", help="iss of such tokens")
    parser.add_argument("--jwt-audience", default="edge-cloud", help="aud of such tokens")
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="serve TLS with this certificate (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its key, if it is not in the same file")
    parser.add_argument("--client-ca", type=Path, metavar="FILE", help="ask for client certificates of this CA")
    parser.add_argument("--fault", choices=[mode.value for mode in FaultMode], help="what goes wrong, from now on")
    parser.add_argument("--fault-seconds", type=float, metavar="SECONDS", help="how long (default: until changed)")
    parser.add_argument("--fault-requests", type=int, metavar="N", help="how many requests it strikes (default: any)")
    parser.add_argument("--fault-probability", type=float, metavar="P", help="of a request being struck (default: 1)")
    parser.add_argument("--fault-delay", type=float, metavar="SECONDS", help="how late an answer is (latency)")
    parser.add_argument("--seed", type=int, default=0, help="of the fault's choices")
    parser.add_argument("--at", metavar="URL", help="talk to the simulator that runs there instead of starting one")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document and stop")
    return parser
