"""The floor of scan-latency: the leanest program that takes a scan from a tty to disk and then to the broker.

Blocking calls, one thread, one commit per scan, a hand-made MQTT 3.1.1 PUBLISH at QoS 1 whose PUBACK is read later:
nothing a product needs, everything the path needs.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import sys
import tty
import uuid

from edge_gateway.bench import mqtt_wire
from edge_gateway.bus import mqtt_packets


def main(device: str, database: str, port: int, topic: str) -> None:
    """Until the broker or the tty hangs up."""
    store = sqlite3.connect(database, isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE outbox (id TEXT PRIMARY KEY, payload BLOB NOT NULL)")
    broker = mqtt_wire.connect(port, f"lean-{os.getpid()}")
    fd = os.open(device, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    print("ready", flush=True)
    buffer = b""
    packet_id = 0
    while data := os.read(fd, 4096):
        buffer += data
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            event_id = str(uuid.uuid4())
            payload = json.dumps({"id": event_id, "text": line.strip().decode()}).encode()
            store.execute("BEGIN IMMEDIATE")
            store.execute("INSERT INTO outbox VALUES (?, ?)", (event_id, payload))
            store.execute("COMMIT")
            packet_id = packet_id % 65535 + 1
            broker.sendall(mqtt_packets.publish(topic, payload, packet_id))
            read_acknowledgements(broker)


def read_acknowledgements(broker: socket.socket) -> None:
    """Take what is there; wait for nothing."""
    try:
        broker.recv(4096, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
