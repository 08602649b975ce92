"""Tells when the network may be back: a link, an address or a route that came (rtnetlink). Polls nothing."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from edge_gateway.contracts import log_events

# linux/rtnetlink.h, linux/netlink.h, linux/if.h
RTMGRP_LINK: Final = 0x1
RTMGRP_IPV4_IFADDR: Final = 0x10
RTMGRP_IPV4_ROUTE: Final = 0x40
RTMGRP_IPV6_IFADDR: Final = 0x100
RTMGRP_IPV6_ROUTE: Final = 0x400
RTM_NEWLINK: Final = 16
RTM_NEWADDR: Final = 20
RTM_NEWROUTE: Final = 24
IFF_RUNNING: Final = 0x40

GROUPS: Final = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE
MESSAGE_BYTES_MAX: Final = 65_536
"""More than the kernel puts into one datagram."""
DATAGRAMS_MAX: Final = 64
"""Read in one turn of the loop; a storm of routes must not hold up a scan. The rest comes in the next turn."""

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")

_log = structlog.get_logger()


class NetworkReturn:
    """Calls ``on_return`` in the loop, once for all that came in one turn. Where the kernel does not let us listen
    (a sandbox without AF_NETLINK) that is logged, and nobody is woken: probes still find out."""

    def __init__(self, on_return: Callable[[], None]) -> None:
        self._on_return = on_return

    async def run(self) -> None:
        """Until cancelled."""
        try:
            listening = _listen()
        except OSError as error:
            _log.info(log_events.NETWORK_NOT_WATCHED, reason=error.strerror or str(error))
            return
        loop = asyncio.get_running_loop()
        with listening:
            loop.add_reader(listening.fileno(), self._read, listening)
            try:
                await loop.create_future()
            finally:
                loop.remove_reader(listening.fileno())

    def _read(self, listening: socket.socket) -> None:
        is_back = False
        for _ in range(DATAGRAMS_MAX):
            try:
                data = listening.recv(MESSAGE_BYTES_MAX)
            except BlockingIOError:
                break
            except OSError as error:
                # So much happened that the kernel dropped some of it: the network may well be back.
                is_back = is_back or error.errno == errno.ENOBUFS
                break
            is_back = is_back or brings_network(data)
        if is_back:
            self._on_return()


def brings_network(data: bytes) -> bool:
    """Whether a datagram of rtnetlink tells of something that came, rather than went. Pure."""
    return any(
        kind in (RTM_NEWADDR, RTM_NEWROUTE) or (kind == RTM_NEWLINK and _is_running(body))
        for kind, body in _messages(data)
    )


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, _, _, _ = _HEADER.unpack_from(data)
        if length < _HEADER.size:
            return
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _is_running(body: bytes) -> bool:
    return len(body) >= _LINK.size and bool(_LINK.unpack_from(body)[3] & IFF_RUNNING)


def _listen() -> socket.socket:
    listening = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    try:
        listening.setblocking(False)
        listening.bind((0, GROUPS))
    except OSError:
        listening.close()
        raise
    return listening
