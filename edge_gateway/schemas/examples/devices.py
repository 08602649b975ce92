"""What every device has: its state, who holds it, what was counted of it; and terminals."""

from __future__ import annotations

from typing import Any, Final

_DISCONNECT: Final[dict[str, Any]] = {
    "time": "2026-11-20T17:02:11.480Z",
    "power": "off",
    "reason": "serial /dev/serial/by-id/usb-FTDI_A9X 9600 7E1: Input/output error",
    "connected_s": 39731.204,
    "away_s": 6.918,
}
_CLAIM: Final[dict[str, Any]] = {
    "claim": "5b1f0c9d3a7e4f62a8d0c4b7e9135af2",
    "owner": "T3",
    "owner_lane": "lane-3",
    "ttl_s": 30.0,
    "expires_at": "2026-11-21T10:16:50.000Z",
}

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    "device.address_changed": {
        "address": "192.0.2.42",
        "former_address": "192.0.2.11",
        "device_id": "lane3-printer",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 9,
    },
    "device.claim_lost": {
        "owner": "T3",
        "owner_lane": "lane-3",
        "why": "expired",
        "new_owner": None,
        "device_id": "lane3-scale",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 8,
    },
}
ALERT_DATA: Final[dict[str, dict[str, Any]]] = {
    "alert.firmware_drift": {
        "text": "lane3-scanner: firmware 1.9 is older than allowed (at least 1.10); update it, or change the policy",
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "profile": "zebra-serial-scanner",
        "firmware": "1.9",
        "status": "below_minimum",
        "policy": "at least 1.10",
    },
    "alert.profile_refused": {
        "text": "lane3-scanner goes on as it was: profile shop-scanner was changed and has 1 problem",
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "profile": "shop-scanner",
        "problems": [
            "/etc/edge-gateway/profiles.d/shop-scanner.toml: line 9: settings.sufix = 'tab': no such key here"
        ],
    },
    "alert.device_events_dropped": {
        "text": "lane3-scanner: 4711 of its events were lost since the start, since too many waited for the broker",
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "waited_for": "broker",
        "count": 4711,
    },
}
PARAMS: Final[dict[str, dict[str, Any]]] = {
    "device.retrieve_statistics": {"names": ["U_"]},
    "device.reset_statistics": {"names": ["GoodWeightReadCount"]},
    "device.claim": {"owner": "T3", "ttl_s": 30.0},
    "device.renew": {},
    "device.release": {},
    "device.forget": {},
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    "device.retrieve_statistics": {
        "UnifiedPOSVersion": "1.16",
        "DeviceCategory": "Scale",
        "ManufacturerName": "Mettler-Toledo",
        "ModelName": "8217",
        "SerialNumber": None,
        "FirmwareRevision": None,
        "Interface": "serial",
        "statistics": {"HoursPoweredCount": 1204.5, "CommunicationErrorCount": 3, "GoodWeightReadCount": 48211},
        "disconnects": [_DISCONNECT],
    },
    "device.reset_statistics": {"reset": ["GoodWeightReadCount"]},
    "device.claim": _CLAIM,
    "device.renew": _CLAIM,
    "device.release": {},
    "device.forget": {},
}
STATES: Final[dict[str, dict[str, Any]]] = {
    "deviceInfo": {
        "device_id": "lane3-scale",
        "lane": "lane-3",
        "device_class": "scale",
        "vendor": "Mettler-Toledo",
        "model": "8217",
        "profile": "mettler-toledo-8217",
        "tier": "experimental",
        "transport": "serial /dev/serial/by-id/usb-FTDI_A9X 9600 7E1",
        "capabilities": {},
        "commands": ["read_weight"],
    },
    "deviceState": {
        "power": "online",
        "since": "2026-11-21T06:00:01.000Z",
        "reason": None,
        "flags": [],
        "last_frame_age_s": 0.1,
        "reconnect_count": 0,
        "last_disconnect": _DISCONNECT,
        "claim": {"owner": "T3", "owner_lane": "lane-3", "claimed_at": "2026-11-21T10:16:20.000Z", "ttl_s": 30.0},
    },
    "terminalState": {"state": "online"},
}
