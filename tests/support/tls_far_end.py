"""A TLS server that refuses handshakes as the big web servers do: its alert is sent and read before it hangs up."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

ACCEPT_S = 0.1


@contextlib.contextmanager
def tls_far_end(context: ssl.SSLContext) -> Iterator[int]:
    """Its port. asyncio's servers reset the connection instead, and their alert is lost with it."""
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(ACCEPT_S)
        thread = threading.Thread(target=_serve, args=(listener, context, ending))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext, ending: threading.Event) -> None:
    while not ending.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(5)
            with contextlib.suppress(OSError):
                _refuse(connection, context)


def _refuse(connection: socket.socket, context: ssl.SSLContext) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_side=True)
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            connection.sendall(outgoing.read())
            incoming.write(connection.recv(65_536))
        except ssl.SSLError:
            break
    connection.sendall(outgoing.read())
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65_536):
        pass
