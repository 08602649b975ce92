"""The central cloud, simulated: token endpoint, ingestion with a result per event, catalogue, faults, an oracle."""

from simulators.cloud.command import main
from simulators.cloud.simulator import CloudSimulator

__all__ = ["CloudSimulator", "main"]
