"""A stand-in for a Kafka cluster: librdkafka's own mock brokers, which speak the wire protocol in C, in a process of
their own. They keep records in memory and check little: what a real broker checks beyond the protocol is not seen here.

``python -m simulators.kafka_mock`` takes commands on its standard input, one a line, and answers ``ok`` to each:
``down``, ``up`` (all brokers hang up; come back), ``topic NAME PARTITIONS``, ``errors API_KEY CODE...`` (the next
requests of a kind are answered with these), ``clear``. At its start it says where its brokers are.

The C functions are reached through ctypes in the library that the package confluent-kafka brings along.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

from simulators.processes import as_child, until_still

BROKERS = 3
TEXT_BYTES = 512
START_TIMEOUT_S = 20.0
PRODUCE = 0
"""ApiKey of a produce request."""
_PRODUCER = 0  # RD_KAFKA_PRODUCER
_CONF_OK = 0


class KafkaMock:
    """The process, as a test holds it."""

    def __init__(self) -> None:
        self.bootstrap_servers = ""
        self._process: Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *as_child(sys.executable, "-m", "simulators.kafka_mock"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), START_TIMEOUT_S)
        self.bootstrap_servers = line.decode().strip()
        if not self.bootstrap_servers:
            raise RuntimeError("the mock cluster did not start; is confluent-kafka installed?")

    async def command(self, *words: str | int) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        answer = await asyncio.wait_for(self._process.stdout.readline(), START_TIMEOUT_S)
        if answer.strip() != b"ok":
            raise RuntimeError(f"{words}: the mock cluster answered {answer!r}")

    async def freeze(self) -> None:
        """SIGSTOP: connections stay, nothing is answered from when this returns."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        await until_still(self._process.pid)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class _Cluster:
    def __init__(self) -> None:
        self._library = library = ctypes.CDLL(str(_library_path()))
        library.rd_kafka_conf_new.restype = ctypes.c_void_p
        library.rd_kafka_new.restype = ctypes.c_void_p
        library.rd_kafka_new.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        library.rd_kafka_handle_mock_cluster.restype = ctypes.c_void_p
        library.rd_kafka_handle_mock_cluster.argtypes = [ctypes.c_void_p]
        library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        library.rd_kafka_mock_cluster_bootstraps.argtypes = [ctypes.c_void_p]
        text = ctypes.create_string_buffer(TEXT_BYTES)
        settings = ctypes.c_void_p(library.rd_kafka_conf_new())
        count = str(BROKERS).encode()
        if library.rd_kafka_conf_set(settings, b"test.mock.num.brokers", count, text, TEXT_BYTES) != _CONF_OK:
            raise RuntimeError(text.value.decode())
        client = library.rd_kafka_new(_PRODUCER, settings, text, TEXT_BYTES)
        if not client:
            raise RuntimeError(text.value.decode())
        self._handle = ctypes.c_void_p(library.rd_kafka_handle_mock_cluster(client))

    @property
    def bootstrap_servers(self) -> str:
        text: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._handle)
        return text.decode()

    def carry_out(self, command: str, *words: str) -> None:
        library: Any = self._library
        match command:
            case "down" | "up":
                change = library.rd_kafka_mock_broker_set_down if command == "down" else None
                change = change or library.rd_kafka_mock_broker_set_up
                for broker in range(1, BROKERS + 1):
                    change(self._handle, ctypes.c_int32(broker))
            case "topic":
                library.rd_kafka_mock_topic_create(self._handle, words[0].encode(), int(words[1]), BROKERS)
            case "errors":
                codes = (ctypes.c_int * len(words[1:]))(*map(int, words[1:]))
                count = ctypes.c_size_t(len(codes))
                library.rd_kafka_mock_push_request_errors_array(
                    self._handle, ctypes.c_int16(int(words[0])), count, codes
                )
            case "clear":
                for api_key in range(64):
                    library.rd_kafka_mock_clear_request_errors(self._handle, ctypes.c_int16(api_key))
            case _:
                raise ValueError(command)


def _library_path() -> Path:
    import confluent_kafka

    package = Path(confluent_kafka.__file__).parent
    found = sorted((package.parent / "confluent_kafka.libs").glob("librdkafka*.so*"))
    if not found:
        raise RuntimeError(f"no librdkafka beside {package}: expected the wheel of confluent-kafka from PyPI")
    return found[0]


def main(argv: list[str] | None = None) -> int:
    """Until standard input ends."""
    words, _, orders = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        "kafka-mock", description=words, epilog=orders, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args(argv)
    cluster = _Cluster()
    print(cluster.bootstrap_servers, flush=True)
    for line in sys.stdin:
        cluster.carry_out(*line.split())
        print("ok", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
