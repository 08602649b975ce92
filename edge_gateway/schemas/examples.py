"""What a person should look at (``alert/{severity}`` on the bus): dead letters, a full store, a damaged store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from edge_gateway.contracts.printing import PRINTER_CLASSES
from edge_gateway.schemas import counter_examples as counter
from edge_gateway.schemas import print_examples


def _of_printers(found: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{each.value}.{name}": example for each in sorted(PRINTER_CLASSES) for name, example in found.items()}


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
    **counter.EVENT_DATA,
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
    "scanner.scan_failed": {
        "reason": "no_read",
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 44,
    },
    "scanner.age_checked": {
        "is_of_age": {"18": True, "21": False},
        "is_expired": False,
        "device_id": "lane3-scanner",
        "lane": "lane-3",
        "epoch": 1763720000,
        "sequence": 43,
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
    **_of_printers(print_examples.EVENT_DATA),
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
        "sequence": 12,
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
    **counter.ALERT_DATA,
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
    "alert.print_job_unknown": print_examples.UNKNOWN_ALERT,
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
    **counter.PARAMS,
    "pos.submit_transaction": {"transaction": TRANSACTION},
    "pos.print_order": {
        "order": {
            "order_id": "S001-T3-20261121-0042",
            "number": "42",
            "placed_at": "2026-11-21T12:31:00Z",
            "table": "7",
            "items": [
                {"quantity": "2", "name": "Tomato soup", "category": "starters", "modifiers": ["no cream"]},
                {"quantity": "1", "name": "Mineral water", "category": "drinks"},
            ],
        }
    },
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
    **_of_printers(print_examples.PARAMS),
    "pos_printer.open_drawer": {"reason": "no_sale", "operator": "op-7"},
    "pos_printer.clear_error": {"output": "keep"},
    "pos_printer.read_status": {},
    "label_printer.print": {
        "label": {
            "width_mm": 60,
            "height_mm": 40,
            "quantity": 2,
            "elements": [
                {"type": "text", "x_mm": 2, "y_mm": 2, "text": "Highlighter", "height_mm": 5},
                {
                    "type": "text",
                    "x_mm": 2,
                    "y_mm": 10,
                    "width_mm": 56,
                    "text": "1.50",
                    "height_mm": 10,
                    "align": "right",
                },
                {"type": "barcode", "x_mm": 5, "y_mm": 24, "symbology": "ean_13", "data": "9521234000013"},
            ],
        }
    },
    "label_printer.read_status": {},
    "scanner.beep": {"pattern": "two_short_high"},
    "scanner.led": {"on": True, "color": "red"},
    "scanner.enable": {},
    "scanner.disable": {},
    "scanner.trigger": {},
    "scanner.untrigger": {},
    "scanner.good_read": {},
    "scanner.not_on_file": {},
    "scanner.reset": {},
    "scanner.set_parameter": {"parameter": 318, "value": 5, "kind": "byte", "permanent": False},
    "scale.read_weight": {},
    "scale.read_high_resolution": {},
    "scale.zero": {},
    "scale.tare": {"weight": "0.010"},
    "scale.clear_tare": {},
    "device.retrieve_statistics": {"names": ["U_"]},
    "device.reset_statistics": {"names": ["GoodWeightReadCount"]},
    "device.claim": {"owner": "T3", "ttl_s": 30.0},
    "device.renew": {},
    "device.release": {},
    "device.forget": {},
    "scale.do_price_calculating": {"unit_price": "2.99", "tare": "0.010", "text": "Apples"},
}
_PRINTER: Final = {
    "answering": True,
    "online": True,
    "cover_open": False,
    "paper": "ok",
    "drawer": "closed",
    "drawer_level": "high",
    "error_level": "none",
    "flags": [],
}
RESULTS: Final[dict[str, dict[str, Any]]] = {
    **counter.RESULTS,
    "pos.print_order": {
        "tickets": [
            {
                "printer": "kitchen-1",
                "station": "Kitchen",
                "job_id": "order.S001-T3-20261121-0042.0.kitchen-1",
                "items": 1,
                "status": "accepted",
            },
            {
                "printer": "bar-1",
                "station": "Bar",
                "job_id": "order.S001-T3-20261121-0042.0.bar-1",
                "items": 1,
                "status": "accepted",
            },
        ]
    },
    "pos.submit_transaction": {"transaction_id": "S001-T3-20261121-000123", "event_id": _EVENT_ID},
    "pos_printer.print": print_examples.PRINT_RESULT,
    **_of_printers(print_examples.RESULTS),
    "pos_printer.open_drawer": {"drawer": "open", "confirmed_by": "gs_r"},
    "pos_printer.read_status": _PRINTER,
    "pos_printer.clear_error": _PRINTER,
    "label_printer.print": {
        "bytes": 301,
        "labels": 2,
        "pictured_texts": 0,
        "replaced_characters": 0,
        "confirmed_by": "printer",
        "job_id": "label-77",
        "printer": "stockroom-labels",
    },
    "label_printer.read_status": {
        "answering": True,
        "head_open": False,
        "media_out": True,
        "ribbon_out": False,
        "paused": False,
        "label_waiting": False,
        "outstanding": 1,
        "error": None,
        "flags": ["paper_empty"],
    },
    "scanner.beep": {},
    "scanner.led": {},
    "scanner.enable": {},
    "scanner.disable": {},
    "scanner.trigger": {},
    "scanner.untrigger": {},
    "scanner.good_read": {},
    "scanner.not_on_file": {},
    "scanner.reset": {},
    "scanner.set_parameter": {"parameter": 318, "value": 5, "permanent": False},
    "scale.read_weight": _WEIGHT,
    "scale.read_high_resolution": {**_WEIGHT, "weight": "1.2345", "resolution": "0.0001", "high_resolution": True},
    "scale.zero": {**_WEIGHT, "status": "weight_zero", "weight": "0.000"},
    "scale.tare": {**_WEIGHT, "net": True},
    "scale.clear_tare": _WEIGHT,
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
    "scale.do_price_calculating": {**_WEIGHT, "net": True, "unit_price": "2.99", "price": "3.69", "tare": "0.010"},
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
