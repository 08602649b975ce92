"""MQTT 5 properties, with types, and packed once where they are the same for every message."""

from __future__ import annotations

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


class PackedProperties(Properties):
    """Properties of a publish that are the same each time. paho packs them anew for every message, looking at each of
    the 27 there are, which is a tenth of the way of a scan; these are packed once."""

    def __init__(self, content_type: str) -> None:
        super().__init__(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no annotations here
        self.ContentType = content_type
        # past paho's own __setattr__, which takes only names of properties
        object.__setattr__(self, "_packed", super().pack())  # type: ignore[no-untyped-call]  # nor here

    def pack(self) -> bytes:
        packed: bytes = self.__dict__["_packed"]
        return packed


def properties(packet_type: int) -> Properties:
    """An empty set of MQTT 5 properties."""
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho has no annotations here
