"""What the gateway tells of itself, of its store, and of what is plugged in."""

from __future__ import annotations

from typing import Any, Final

from edge_gateway.schemas.examples.transactions import EVENT_ID

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    "gateway.command_completed": {
        "command_id": "cmd-1",
        "name": "replay_dead_letters",
        "status": "completed",
        "result": {"replayed": 3},
        "error": None,
    },
    "gateway.outbox_changed": {
        "action": "discarded",
        "user": "anna",
        "why": "a test sale",
        "new_event_id": None,
        "changes": {},
        "events": [
            {"id": EVENT_ID, "stream": "transactions", "uplink": "https", "reason": "unknown article", "event": None}
        ],
        "epoch": 1763720000,
    },
}
ALERT_DATA: Final[dict[str, dict[str, Any]]] = {
    "alert.event_dead_lettered": {
        "text": "the cloud refused event 019aa61c of transactions for good: missing; see edge-gateway outbox list",
        "stream": "transactions",
        "count": 1,
        "event_id": EVENT_ID,
        "event_type": "com.edge-gateway.pos.transaction_completed.v1",
        "reason": "data.transaction.totals.gross: missing",
    },
    "alert.store_full": {"text": "the store is full: sales are refused; make room on the disk"},
    "alert.store_filling": {
        "text": "the store is 71 % full: see that the cloud can be reached and that the disk has room",
        "level_percent": 70,
        "fill_percent": 71.3,
    },
    "alert.events_locked": {"text": "12 events of the store are locked, and kept: the key is missing", "count": 12},
    "alert.store_set_aside": {
        "text": "the store was damaged and set aside, and a new one was begun: keep the file",
        "kept_as": "/var/lib/edge-gateway/outbox.db.corrupt-20261121T100000Z",
    },
    "alert.events_lost": {
        "text": "198 waiting events were salvaged, 2 of transactions are lost; have the lost sales submitted again",
        "kept_as": "outbox.db.corrupt-20261121T100000Z",
        "lost": {"transactions": 2},
        "is_exact": True,
        "transaction_ids": ["S001-T3-20261121-000123"],
    },
}
STATES: Final[dict[str, dict[str, Any]]] = {
    "gatewayState": {"state": "online", "since": "2026-11-21T06:00:00.000Z", "version": "0.1.0"},
    "gatewayHealth": {
        "status": "degraded",
        "reasons": [{"part": "device/lane3-printer", "health": "degraded", "text": "paper empty"}],
    },
    "gatewayAttached": {
        "source": "udev",
        "devices": [
            {
                "identity": "usb:0403:6001:A9X1",
                "bus": "usb",
                "usb_id": "0403:6001",
                "serial": "A9X1",
                "manufacturer": "FTDI",
                "product": "FT232R USB UART",
                "port": "1-1.4",
                "address": None,
                "nodes": [
                    {
                        "path": "/dev/ttyUSB0",
                        "kind": "serial",
                        "links": ["/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A9X1-if00-port0"],
                        "usages": [],
                    }
                ],
                "claim": "configured",
                "device_ids": ["lane3-scale"],
                "profiles": [],
                "why": "configured as lane3-scale",
                "warning": None,
            }
        ],
    },
}
