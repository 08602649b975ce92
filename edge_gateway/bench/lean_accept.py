"""The floor of accept: the leanest program that takes a sale from the bus, commits it and only then answers.

Blocking calls, one thread, a hand-made MQTT 3.1.1 client; what already waits in its socket shares a commit. It parses
the JSON and keeps the sale under its id; it checks nothing else of it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys

from edge_gateway.bench import mqtt_wire
from edge_gateway.bus import mqtt_packets

RECEIVE_BYTES = 1 << 20


def main(database: str, port: int, store_id: str) -> None:
    """Until the broker hangs up."""
    store = sqlite3.connect(database, isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE outbox (id TEXT PRIMARY KEY, payload BLOB NOT NULL)")
    broker = mqtt_wire.connect(port, f"lean-{os.getpid()}")
    broker.sendall(mqtt_packets.subscribe(f"edge/v1/{store_id}/+/pos/+/command/submit_transaction"))
    print("ready", flush=True)
    buffer = b""
    packet_id = 0
    while data := broker.recv(RECEIVE_BYTES):
        buffer += data
        rows, replies = [], []
        while (found := mqtt_packets.split(buffer)) is not None:
            kind, body, buffer = found
            if kind & 0xF0 != 0x30:
                continue
            length = int.from_bytes(body[:2], "big")
            topic, payload = body[2 : 2 + length].decode(), body[2 + length :]
            request = json.loads(payload)
            transaction_id = request["params"]["transaction"]["transaction_id"]
            rows.append((transaction_id, payload))
            answer = {"id": request["id"], "status": "accepted", "result": {"transaction_id": transaction_id}}
            packet_id = packet_id % 65535 + 1
            reply_topic = topic.removesuffix("/command/submit_transaction") + "/reply"
            replies.append(mqtt_packets.publish(reply_topic, json.dumps(answer).encode(), packet_id))
        if rows:
            store.execute("BEGIN IMMEDIATE")
            store.executemany("INSERT INTO outbox VALUES (?, ?)", rows)
            store.execute("COMMIT")
            broker.sendall(b"".join(replies))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
