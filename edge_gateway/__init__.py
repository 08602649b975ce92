"""edge-gateway: the per-store daemon between in-store hardware, the store's MQTT bus and the cloud."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("edge-gateway")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"
