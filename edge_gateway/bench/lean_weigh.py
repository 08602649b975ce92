"""The floor of weigh: the leanest program that polls a Toledo 8217 every 100 ms and publishes each new weight.

asyncio with ``add_reader``, a hand-made MQTT 3.1.1 PUBLISH at QoS 1 whose PUBACK is read later: nothing a product
needs, everything the path needs.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tty

from edge_gateway.bench import mqtt_wire
from edge_gateway.bench.lean_scan import read_acknowledgements
from edge_gateway.bus import mqtt_packets

POLL_S = 0.1


class Reader:
    def __init__(self, fd: int, broker: socket.socket, topic: str) -> None:
        self.fd, self.broker, self.topic = fd, broker, topic
        self.buffer, self.last, self.packet_id = b"", "", 0

    def readable(self) -> None:
        self.buffer += os.read(self.fd, 4096)
        while b"\r" in self.buffer:
            frame, _, self.buffer = self.buffer.partition(b"\r")
            weight = frame[1:].decode().lstrip("0")
            if frame[1:2] != b"?" and weight != self.last:
                self.last = weight
                self.publish(f"0{weight}" if weight.startswith(".") else weight)

    def publish(self, weight: str) -> None:
        self.packet_id = self.packet_id % 65535 + 1
        payload = json.dumps({"weight": weight, "unit": "kg", "status": "stable_weight"}).encode()
        self.broker.sendall(mqtt_packets.publish(self.topic, payload, self.packet_id))
        read_acknowledgements(self.broker)


async def main(device: str, port: int, topic: str) -> None:
    """Until it is ended."""
    fd = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    loop = asyncio.get_running_loop()
    loop.add_reader(fd, Reader(fd, mqtt_wire.connect(port, f"lean-{os.getpid()}"), topic).readable)
    print("ready", flush=True)
    next_at = loop.time()
    while True:
        os.write(fd, b"W")
        next_at += POLL_S
        await asyncio.sleep(next_at - loop.time())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
