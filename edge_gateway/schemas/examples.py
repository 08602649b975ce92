"""What a person should look at (``alert/{severity}`` on the bus): dead letters, a full store, a damaged store."""

from __future__ import annotations

from typing import Any, Final

TRANSACTION: Final[dict[str, Any]] = {
    "transaction_id": "S001-T3-20261121-000123",
    "type": "sale",
    "channel": "pos",
    "store_id": "S001",
    "lane": "lane-3",
    "terminal_id": "T3",
    "shift_id": "T3-2",
    "business_day": "2026-11-21",
    "started_at": "2026-11-21T10:15:03Z",
    "completed_at": "2026-11-21T10:16:20Z",
    "timezone": "Europe/Berlin",
    "operator": {"id": "op-7", "name": "A. Example"},
    "currency": "EUR",
    "prices_include_tax": True,
    "customer": {"id": "c-1", "type": "retail", "name": None, "phone": None, "email": None, "loyalty_tier": "gold"},
    "lines": [
        {
            "line_number": 1,
            "sku": "4711",
            "gtin": "04006381333931",
            "name": "Highlighter",
            "category": "office",
            "quantity": "2",
            "unit": "each",
            "unit_price": "1.50",
            "discounts": [{"kind": "promo", "amount": "0.50", "reason": "2 for 2.50"}],
            "tax": {"code": "DE-19", "rate": "0.19", "amount": "0.40"},
            "total": "2.50",
        },
        {
            "line_number": 2,
            "sku": "0815",
            "name": "Apples",
            "quantity": "1.234",
            "unit": "kg",
            "unit_price": "2.99",
            "discounts": [],
            "tax": {"code": "DE-7", "rate": "0.07", "amount": "0.24"},
            "total": "3.69",
        },
    ],
    "discounts": [],
    "taxes": [
        {"code": "DE-19", "rate": "0.19", "base": "2.10", "amount": "0.40"},
        {"code": "DE-7", "rate": "0.07", "base": "3.45", "amount": "0.24"},
    ],
    "totals": {
        "gross": "6.19",
        "net": "5.55",
        "tax": "0.64",
        "discount": "0.50",
        "tendered": "10.00",
        "change": "3.81",
    },
    "tenders": [{"method": "cash", "status": "completed", "amount": "10.00", "gateway_reference": None, "card": None}],
    "payment_status": "completed",
    "original_transaction_id": None,
    "loyalty": {"earned": "6", "redeemed": "0"},
    "notes": None,
}
_EVENT_ID: Final = "019aa61c-66e4-7a2b-8a3c-3f1f0e9d2b11"
_WEIGHT: Final[dict[str, Any]] = {
    "status": "stable_weight",
    "weight": "1.234",
    "unit": "kg",
    "net": False,
    "gross": None,
    "tare": None,
    "resolution": "0.001",
    "age_ms": 12,
}
_CLAIM: Final[dict[str, Any]] = {
    "claim": "5b1f0c9d3a7e4f62a8d0c4b7e9135af2",
    "owner": "T3",
    "owner_lane": "lane-3",
    "ttl_s": 30.0,
    "expires_at": "2026-11-21T10:16:50.000Z",
}

EVENT_DATA: Final[dict[str, dict[str, Any]]] = {
    "scanner.barcode_scanned": {
        "text": "4006381333931",
        "raw_base64": "XUUwNDAwNjM4MTMzMzkzMQ==",
        "aim": "]E0",
        "symbology": "ean_13",
        "gtin": "04006381333931",
        "application_identifiers": None,
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 42,
    },
    "scale.weight_changed": {
        **_WEIGHT,
        "device_id": "lane3-scale",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 7,
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
    "pos_printer.drawer_opened": {"device_id": "lane3-printer", "lane": "lane-3", "epoch": 1763720000, "sequence": 3},
    "pos_printer.drawer_closed": {"device_id": "lane3-printer", "lane": "lane-3", "epoch": 1763720000, "sequence": 4},
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
            {"id": _EVENT_ID, "stream": "transactions", "uplink": "https", "reason": "unknown article", "event": None}
        ],
        "epoch": 1763720000,
    },
    "pos.weight_sold": {
        "device_id": "T3",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 123,
        "transaction_id": "S001-T3-20261121-000123",
        "line_number": 2,
        "sku": "0815",
        "quantity": "1.234",
        "unit": "kg",
        "reading": {
            "device_id": "lane3-scale",
            "lane": "lane-3",
            "weight": "1.234",
            "unit": "kg",
            "net": False,
            "status": "stable_weight",
            "measured_at": "2026-11-21T10:15:48.310Z",
            "shown_until": "2026-11-21T10:15:51.907Z",
            "epoch": 1763720000,
            "sequence": 7,
            "age_s": 32.118,
            "also_for": None,
        },
        "no_reading": None,
    },
    "pos.transaction_completed": {
        "device_id": "T3",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 123,
        "transaction": TRANSACTION,
    },
}
ALERT_DATA: Final[dict[str, dict[str, Any]]] = {
    "alert.event_dead_lettered": {
        "text": "the cloud refused event 019aa61c of transactions for good: missing; see edge-gateway outbox list",
        "stream": "transactions",
        "count": 1,
        "event_id": _EVENT_ID,
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
}
PARAMS: Final[dict[str, dict[str, Any]]] = {
    "pos.submit_transaction": {"transaction": TRANSACTION},
    "pos_printer.print": {
        "document": [
            {"type": "text", "text": "Example Store", "align": "center", "bold": True, "size": [2, 2]},
            {"type": "rule"},
            {"type": "columns", "left": "Highlighter", "right": "2.50"},
            {"type": "qr", "data": "S001-T3-20261121-000123"},
            {"type": "feed", "lines": 3},
            {"type": "cut"},
        ]
    },
    "pos_printer.open_drawer": {},
    "pos_printer.read_status": {},
    "scale.read_weight": {},
    "scale.read_high_resolution": {},
    "scale.zero": {},
    "scale.tare": {"weight": "0.010"},
    "scale.clear_tare": {},
    "device.claim": {"owner": "T3", "ttl_s": 30.0},
    "device.renew": {},
    "device.release": {},
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    "pos.submit_transaction": {"transaction_id": "S001-T3-20261121-000123", "event_id": _EVENT_ID},
    "pos_printer.print": {"bytes": 412, "replaced_characters": 0, "confirmed_by": "gs_r"},
    "pos_printer.open_drawer": {"drawer": "open", "confirmed_by": "gs_r"},
    "pos_printer.read_status": {
        "answering": True,
        "online": True,
        "cover_open": False,
        "paper": "ok",
        "drawer": "closed",
        "flags": [],
    },
    "scale.read_weight": _WEIGHT,
    "scale.read_high_resolution": {**_WEIGHT, "weight": "1.2345", "resolution": "0.0001", "high_resolution": True},
    "scale.zero": {**_WEIGHT, "status": "weight_zero", "weight": "0.000"},
    "scale.tare": {**_WEIGHT, "net": True},
    "scale.clear_tare": _WEIGHT,
    "device.claim": _CLAIM,
    "device.renew": _CLAIM,
    "device.release": {},
}
STATES: Final[dict[str, dict[str, Any]]] = {
    "gatewayState": {"state": "online", "since": "2026-11-21T06:00:00.000Z", "version": "0.1.0"},
    "gatewayHealth": {
        "status": "degraded",
        "reasons": [{"part": "device/lane3-printer", "health": "degraded", "text": "paper empty"}],
    },
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
        "claim": {"owner": "T3", "owner_lane": "lane-3", "claimed_at": "2026-11-21T10:16:20.000Z", "ttl_s": 30.0},
    },
    "terminalState": {"state": "online"},
}
EXPIRES_AT: Final = "2026-11-21T10:17:20Z"


def cloud_event(device_class: str, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """As on the bus."""
    device_id = data.get("device_id")
    return {
        "specversion": "1.0",
        "id": _EVENT_ID,
        "source": "/stores/S001/gateway" if device_id is None else f"/stores/S001/devices/{device_id}",
        "type": f"com.edge-gateway.{device_class}.{name}.v1",
        "time": "2026-11-21T10:16:20.123Z",
        "datacontenttype": "application/json",
        "dataschema": f"urn:edge-gateway:schema:{device_class}.{name}.v1",
        "data": data,
    }
