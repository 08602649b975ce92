"""Where a transport's nodes are: at a path of the configuration, or wherever a selected device has them now."""

from __future__ import annotations

from pathlib import Path

from edge_gateway.contracts.attachment import Locator, NodeKind
from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_parts import NodeSection
from edge_gateway.transports.stream import has_node


class NoLocator:
    """Where nobody looks for attached devices: tools that open one path."""

    def find(self, selector: str, kind: NodeKind, usage: str | None = None) -> tuple[Path, ...]:
        return ()

    def explain(self, selector: str, kind: NodeKind, usage: str | None = None) -> str:
        return f"{selector} cannot be looked for here; give transport.path instead"


class NodePlace:
    """The place of one transport. ``kind``: what it opens; ``usage``: of a device's hidraw nodes, those with it."""

    def __init__(
        self, settings: NodeSection, kind: NodeKind, locator: Locator | None, usage: str | None = None
    ) -> None:
        self._path = settings.path
        self._device = settings.device
        self._kind = kind
        self._usage = usage
        self._locator: Locator = NoLocator() if locator is None else locator

    def __str__(self) -> str:
        """As configured: it stays the same however the kernel names the node."""
        return str(self._path or self._device)

    @property
    def is_selected(self) -> bool:
        """By device, not by path."""
        return self._device is not None

    def is_there(self) -> bool:
        nodes = self.find()
        return bool(nodes) and all(has_node(node) for node in nodes)

    def find(self) -> tuple[Path, ...]:
        """The nodes now; for a path itself, whether it is there or not."""
        if self._device is not None:
            return self._locator.find(self._device, self._kind, self._usage)
        assert self._path is not None
        return (self._path,)

    def require(self, description: str) -> tuple[Path, ...]:
        """The nodes to open. Raises TransportError with the reason if there is none."""
        nodes = self.find()
        if not nodes:
            raise TransportError(f"{description}: {self._explain()}")
        return nodes

    def require_one(self, description: str) -> Path:
        """The one node to open. Raises TransportError also where the device has several."""
        nodes = self.require(description)
        if len(nodes) > 1:
            names = ", ".join(str(node) for node in nodes)
            example = f"{self._device}#0"
            raise TransportError(f"{description}: the device has {len(nodes)} nodes ({names}); say which: {example}")
        return nodes[0]

    def check_unchanged(self, nodes: tuple[Path, ...], description: str) -> None:
        """After the open: a node may have become another device's between the look and the open. Raises
        TransportError."""
        if self.find() != nodes:
            raise TransportError(f"{description}: was pulled out while it was opened")

    def _explain(self) -> str:
        return self._locator.explain(str(self._device), self._kind, self._usage)
