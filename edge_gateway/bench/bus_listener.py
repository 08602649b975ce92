"""The "another process" of scan-latency: a subscriber that tells when each message arrived (CLOCK_MONOTONIC, ns)."""

from __future__ import annotations

import os
import sys
import time

from edge_gateway.bench import mqtt_wire
from edge_gateway.bus import mqtt_packets


def main(port: int, topic_filter: str) -> None:
    """One line per message: instant in ns, topic, payload. Until the broker hangs up."""
    broker = mqtt_wire.connect(port, f"listener-{os.getpid()}")
    broker.sendall(mqtt_packets.subscribe(topic_filter))
    for kind, body in mqtt_wire.packets(broker):
        now = time.monotonic_ns()
        if kind & 0xF0 == 0x90:
            print("ready", flush=True)
        elif kind & 0xF0 == 0x30:
            length = int.from_bytes(body[:2], "big")
            start = 2 + length + (2 if kind & 0x06 else 0)
            print(now, body[2 : 2 + length].decode(), body[start:].decode(), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
