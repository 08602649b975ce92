"""The simulated proxy: tunnels, refusals, and what it does not do."""

from __future__ import annotations

import asyncio

import pytest

from simulators.http_proxy import HttpProxy, ProxyFault
from tests.support.http_far_end import Exchange, http_far_end


async def ask(proxy: HttpProxy, head: str) -> tuple[str, asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    writer.write(head.encode() + b"\r\n\r\n")
    answer = await reader.readuntil(b"\r\n\r\n")
    return answer.decode().split("\r\n")[0], reader, writer


async def test_tunnel_carries_bytes_both_ways_and_ends_when_it_is_cut() -> None:
    async def greet(exchange: Exchange) -> None:
        await exchange.answer(200, b"hello")

    async with http_far_end(greet) as far_end, HttpProxy() as proxy:
        status, reader, writer = await ask(proxy, f"CONNECT 127.0.0.1:{far_end.port} HTTP/1.1")
        assert status == "HTTP/1.1 200 Connection established"
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.readuntil(b"hello")).endswith(b"hello")
        await proxy.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
    assert (proxy.targets, proxy.counters["tunnels"]) == ([f"127.0.0.1:{far_end.port}"], 1)


@pytest.mark.parametrize(
    ("head", "status"),
    [("GET http://127.0.0.1/ HTTP/1.1", "405"), ("CONNECT 127.0.0.1:1 HTTP/1.1", "502"), ("CONNECT x HTTP/1.1", "502")],
)
async def test_what_cannot_be_tunnelled_is_refused(head: str, status: str) -> None:
    async with HttpProxy() as proxy:
        answer, _, writer = await ask(proxy, head)
        assert answer.split(" ")[1] == status
        writer.close()


@pytest.mark.parametrize("fault", [ProxyFault.FORBIDDEN, ProxyFault.AUTHENTICATION, ProxyFault.BAD_GATEWAY])
async def test_fault_refuses_the_tunnel(fault: ProxyFault) -> None:
    async with HttpProxy() as proxy:
        proxy.fault = fault
        answer, _, writer = await ask(proxy, "CONNECT 127.0.0.1:1 HTTP/1.1")
        assert answer.split(" ")[1] == fault.value
        writer.close()
