"""aiomqtt on our own terms with the event loop: reads and writes at once, and leaves nothing behind when it is closed.

Hooks of aiomqtt 2.5 and paho 2.1 are taken over: they write in the next turn of the loop, leave readers and writers
registered after some failures, and wait for the CONNACK of a broker that has gone until the time-out.
"""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode


class SocketClient(aiomqtt.Client):
    """The part of a connection that deals with the socket. Construct and use it on the event loop."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self._is_closed = False
        self._thread_id = threading.get_ident()
        super().__init__(*args, **settings)

    def flush(self) -> None:
        """Write now what was handed over, not in the next turn of the loop. Not from within paho's callbacks."""
        self._write()

    def close(self) -> None:
        """Close the socket now. aiomqtt leaves it open and registered after some failures."""
        self._is_closed = True
        for outcome in (self._connected, self._disconnected):
            # Whoever cared has asked; asyncio need not complain about an exception that nobody fetched.
            outcome.add_done_callback(lambda future: future.cancelled() or future.exception())
        if self._misc_task is not None:
            self._misc_task.cancel()
        sock = self._client.socket()
        if isinstance(sock, socket.socket) and sock.fileno() >= 0:
            self._loop.remove_reader(sock.fileno())
            self._loop.remove_writer(sock.fileno())
            sock.close()

    def _on_disconnect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        """aiomqtt would wait for the CONNACK of a broker that has gone until the time-out."""
        if not self._connected.done():
            self._connected.set_exception(aiomqtt.MqttError(f"closed before it answered: {reason_code}"))
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """Called in the connecting thread. aiomqtt registers the descriptor even if a stop has closed it meanwhile."""
        self._loop.call_soon_threadsafe(self._socket_opened, sock)

    def _socket_opened(self, sock: socket.socket) -> None:
        if self._is_closed:
            sock.close()
            return
        self._loop.add_reader(sock.fileno(), self._read)
        self._misc_task = self._loop.create_task(self._misc_loop())

    def _on_socket_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """aiomqtt always takes the long way through ``call_soon_threadsafe``; mixed with ``flush`` it would leave a
        writer behind that nobody removes."""
        if threading.get_ident() == self._thread_id:
            self._add_writer(sock)
        else:
            self._loop.call_soon_threadsafe(self._add_writer, sock)

    def _on_socket_unregister_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """paho calls it from its destructor too, with the socket that ``close`` has closed: uvloop refuses its -1."""
        if not self._is_closed and sock.fileno() >= 0:
            self._loop.remove_writer(sock.fileno())

    def _add_writer(self, sock: socket.socket) -> None:
        if self._is_closed or sock.fileno() < 0:
            return
        try:
            self._loop.add_writer(sock.fileno(), self._write)
        except RuntimeError as error:
            # uvloop closes its handle of a descriptor that failed before anybody hears of it. Raised on, it would end
            # whoever acknowledges a message just then, and with it the daemon.
            self._fail(error)

    def _read(self) -> None:
        try:
            self._client.loop_read()
            # A TLS socket holds decrypted bytes that no readiness of the descriptor tells of.
            while isinstance(sock := self._client.socket(), ssl.SSLSocket) and sock.pending() > 0:
                self._client.loop_read()
        except Exception as error:  # noqa: BLE001 - paho raises many things on broken bytes; the link is gone then
            self._fail(error)

    def _write(self) -> None:
        try:
            self._client.loop_write()
        except Exception as error:  # noqa: BLE001 - as in _read
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if not self._disconnected.done():
            self._disconnected.set_exception(error)
