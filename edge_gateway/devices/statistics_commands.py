"""``retrieve_statistics`` and ``reset_statistics``: answered by the gateway, whether the device is there or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from pydantic import ValidationError

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import in_words
from edge_gateway.contracts.life import StatisticsParams, device_category
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.disconnects import Disconnects
from edge_gateway.devices.statistics import DeviceStatistics

UNIFIEDPOS_VERSION: Final = "1.16"


class CountedDevice(Protocol):
    """What is asked here of a supervisor."""

    statistics: DeviceStatistics

    @property
    def device_class(self) -> str: ...

    @property
    def info(self) -> Mapping[str, Any]: ...

    @property
    def disconnects(self) -> Disconnects: ...


def answer_about_statistics(name: str, params: Mapping[str, Any], device: CountedDevice) -> Mapping[str, Any]:
    """The result. Raises RequestError(INVALID_REQUEST)."""
    try:
        wanted = StatisticsParams.model_validate(dict(params)).names
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        words = "; ".join(f"{'.'.join(map(str, each['loc']))}: {in_words(each)}" for each in found)
        raise RequestError(ErrorCode.INVALID_REQUEST, f"{name}: {words}") from None
    if name == "reset_statistics":
        return {"reset": list(device.statistics.reset(wanted))}
    info = device.info
    return {
        "UnifiedPOSVersion": UNIFIEDPOS_VERSION,
        "DeviceCategory": device_category(DeviceClass(device.device_class)),
        "ManufacturerName": info["vendor"],
        "ModelName": info["model"],
        "SerialNumber": info.get("serial_number", info.get("serial")),
        "FirmwareRevision": info.get("firmware"),
        "Interface": str(info["transport"]).split(" ", 1)[0],
        "statistics": device.statistics.values(wanted),
        "disconnects": [each.to_json() for each in device.disconnects.newest],
    }
