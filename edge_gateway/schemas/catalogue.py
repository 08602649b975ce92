"""Every event and command of the bus, with the models of their payloads. A test holds it against the drivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from edge_gateway.contracts.attached_report import AttachedReport
from edge_gateway.contracts.cash_drawer import DrawerView, OpenDrawerParams, OpenDrawerResult, OpenPrinterDrawerParams
from edge_gateway.contracts.claims import ClaimParams, ReleaseParams, RenewParams
from edge_gateway.contracts.cloud_commands import CommandCompletedData
from edge_gateway.contracts.envelopes import ReplyEnvelope, RequestEnvelope
from edge_gateway.contracts.kitchen_order import PrintOrderParams, PrintOrderResult
from edge_gateway.contracts.life import StatisticsParams
from edge_gateway.contracts.line_display_commands import (
    ClearTextParams,
    DisplayResult,
    DisplayTextParams,
    DisplayView,
    SetBlinkParams,
    SetBrightnessParams,
    StartMarqueeParams,
)
from edge_gateway.contracts.outbox_changes import OutboxChangedData
from edge_gateway.contracts.price_calculating import DoPriceCalculatingParams
from edge_gateway.contracts.print_requests import (
    DismissParams,
    JobParams,
    LabelJobParams,
    PrintJobParams,
    ReadJobsParams,
    ReprintParams,
)
from edge_gateway.contracts.printing import JOB_EVENT, PRINTER_CLASSES
from edge_gateway.contracts.scanner_commands import BeepParams, LedParams, SetParameterParams
from edge_gateway.contracts.signal_commands import LightsView, SoundParams, SwitchOffParams, SwitchOnParams, ToneView
from edge_gateway.contracts.transaction import (
    SubmitTransactionParams,
    SubmitTransactionResult,
    Transaction,
    TransactionCompletedData,
)
from edge_gateway.contracts.weight_sold import WeightSoldData
from edge_gateway.schemas.payloads import bases, devices, drawers, gateway, print_jobs, printers, scales, scanners


@dataclass(frozen=True, slots=True)
class Event:
    """``.../{device_class}/{device}/event/{name}``"""

    device_class: str
    name: str
    data: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Command:
    """``.../{device_class}/{target}/command/{name}``"""

    device_class: str
    name: str
    params: type[BaseModel]
    result: type[BaseModel]
    meaning: str


@dataclass(frozen=True, slots=True)
class State:
    """A retained payload. ``topic``: below edge/v1/{store}/."""

    name: str
    topic: str
    payload: type[BaseModel]
    meaning: str
    is_received: bool = False
    """Published by terminals, and read by the gateway."""


ANY_CLASS: Final = "device"
"""In place of a device class: what every device has, whatever its driver."""

EVENTS: Final = (
    Event("scanner", "barcode_scanned", scanners.BarcodeScannedData),
    Event("scanner", "scan_failed", scanners.ScanFailedData),
    Event("scanner", "age_checked", scanners.AgeCheckedData),
    Event("scale", "weight_changed", scales.WeightChangedData),
    Event("pos_printer", "drawer_pulsed", drawers.DrawerPulsedData),
    Event("pos_printer", "drawer_opened", drawers.DrawerOpenedData),
    Event("pos_printer", "drawer_closed", drawers.DrawerClosedData),
    Event("cash_drawer", "drawer_pulsed", drawers.DrawerPulsedData),
    Event("cash_drawer", "drawer_opened", drawers.DrawerOpenedData),
    Event("cash_drawer", "drawer_closed", drawers.DrawerClosedData),
    Event("cash_drawer", "drawer_left_open", drawers.DrawerLeftOpenData),
)
PRINT_EVENTS: Final = tuple(
    Event(device_class.value, JOB_EVENT, print_jobs.PrintJobChangedData) for device_class in sorted(PRINTER_CLASSES)
)
"""Of any printer, by the print service."""
PRINT_AUDIT_EVENTS: Final = tuple(
    Event(device_class.value, name, data)
    for device_class in sorted(PRINTER_CLASSES)
    for name, data in (
        ("print_job_reprinted", print_jobs.PrintJobReprintedData),
        ("print_job_dismissed", print_jobs.PrintJobDismissedData),
    )
)
COMMON_EVENTS: Final = (
    Event(ANY_CLASS, "claim_lost", devices.ClaimLostData),
    Event(ANY_CLASS, "address_changed", devices.AddressChangedData),
)
"""Of any device."""
ALERTS: Final = (
    Event("alert", "event_dead_lettered", gateway.EventDeadLetteredData),
    Event("alert", "drawer_opened_uncommanded", drawers.DrawerAlertData),
    Event("alert", "drawer_left_open", drawers.DrawerAlertData),
    Event("alert", "store_full", gateway.StoreFullData),
    Event("alert", "store_filling", gateway.StoreFillingData),
    Event("alert", "events_locked", gateway.EventsLockedData),
    Event("alert", "store_set_aside", gateway.StoreSetAsideData),
    Event("alert", "events_lost", gateway.EventsLostData),
    Event("alert", "firmware_drift", devices.FirmwareDriftData),
    Event("alert", "profile_refused", devices.ProfileRefusedData),
    Event("alert", "print_job_unknown", print_jobs.PrintJobUnknownData),
    Event("alert", "device_events_dropped", devices.DeviceEventsDroppedData),
)
"""On ``alert/{severity}``."""
CLOUD_EVENTS: Final = (
    Event("pos", "transaction_completed", TransactionCompletedData),
    Event("pos", "weight_sold", WeightSoldData),
    Event("cash_drawer", "drawer_used", drawers.DrawerUsedData),
    Event("gateway", "command_completed", CommandCompletedData),
    Event("gateway", "outbox_changed", OutboxChangedData),
    *PRINT_AUDIT_EVENTS,
)
"""Only on their way to the cloud, not on the bus."""
COMMANDS: Final = (
    Command(
        "pos",
        "submit_transaction",
        SubmitTransactionParams,
        SubmitTransactionResult,
        "Hand a transaction over for good. `accepted`: it is on the gateway's disk. Repeat it until you see that; "
        "its repeat gets the same answer and is stored once.",
    ),
    Command(
        "pos",
        "print_order",
        PrintOrderParams,
        PrintOrderResult,
        "Print an order's tickets where they are prepared, by the routes of [kitchen]. `accepted`: every ticket is on "
        "the gateway's disk. Sent again, nothing is printed twice.",
    ),
    Command("pos_printer", "print", PrintJobParams, print_jobs.PrintResult, "Print, once for each job id."),
    Command(
        "pos_printer",
        "open_drawer",
        OpenPrinterDrawerParams,
        printers.DrawerResult,
        "Kick the cash drawer on its connector.",
    ),
    Command(
        "pos_printer",
        "clear_error",
        printers.ClearErrorParams,
        printers.PrinterStatus,
        "Let it go on after a person freed its knife or its mechanism.",
    ),
    Command("pos_printer", "read_status", bases.NoParams, printers.PrinterStatus, "Ask the printer how it is."),
    Command("label_printer", "print", LabelJobParams, print_jobs.PrintedLabels, "Print labels, once for each job id."),
    Command("label_printer", "read_status", bases.NoParams, printers.LabelPrinterStatus, "Ask the printer how it is."),
    Command("scanner", "beep", BeepParams, bases.EmptyResult, "Sound the scanner's beeper."),
    Command("scanner", "led", LedParams, bases.EmptyResult, "Switch the scanner's lamp."),
    Command("scanner", "enable", bases.NoParams, bases.EmptyResult, "Let it read again."),
    Command("scanner", "disable", bases.NoParams, bases.EmptyResult, "Stop it from reading."),
    Command("scanner", "trigger", bases.NoParams, bases.EmptyResult, "Begin to read, as its trigger does."),
    Command("scanner", "untrigger", bases.NoParams, bases.EmptyResult, "Stop what trigger began."),
    Command("scanner", "good_read", bases.NoParams, bases.EmptyResult, "Tell the cashier yes, as configured."),
    Command("scanner", "not_on_file", bases.NoParams, bases.EmptyResult, "Tell the cashier no: not known."),
    Command("scanner", "reset", bases.NoParams, bases.EmptyResult, "Start the scanner anew; it is away meanwhile."),
    Command("scanner", "set_parameter", SetParameterParams, scanners.SetParameterResult, "Change one of its settings."),
    Command("scale", "read_weight", bases.NoParams, scales.WeightReading, "Ask the scale now."),
    Command(
        "scale",
        "read_high_resolution",
        bases.NoParams,
        scales.HighResolutionReading,
        "Ask the scale for more digits, where it can. Not for trade; not shown as its weight.",
    ),
    Command("scale", "zero", bases.NoParams, scales.WeightReading, "Set the scale to zero."),
    Command("scale", "tare", scales.TareParams, scales.WeightReading, "Take a container's weight off."),
    Command(
        "scale",
        "do_price_calculating",
        DoPriceCalculatingParams,
        scales.PriceReading,
        "Let the scale weigh and compute the price (UnifiedPOS DoPriceCalculating).",
    ),
    Command("scale", "clear_tare", bases.NoParams, scales.WeightReading, "Show the gross weight again."),
    Command("cash_drawer", "open_drawer", OpenDrawerParams, OpenDrawerResult, "Open the drawer: one pulse, never two."),
    Command("cash_drawer", "read_drawer", bases.NoParams, DrawerView, "Whether it is open, where that is known."),
    Command("lights", "switch_on", SwitchOnParams, LightsView, "Switch a light on, or let it blink."),
    Command("lights", "switch_off", SwitchOffParams, LightsView, "Switch a light off, or all."),
    Command("tone_indicator", "sound", SoundParams, ToneView, "Sound the buzzer; answered when it begins."),
    Command("tone_indicator", "stop", bases.NoParams, ToneView, "Be silent."),
    Command(
        "line_display",
        "display_text",
        DisplayTextParams,
        DisplayResult,
        "Show text (UnifiedPOS DisplayText, DisplayTextAt).",
    ),
    Command("line_display", "clear_text", ClearTextParams, DisplayResult, "Clear the screen, or a line of it."),
    Command(
        "line_display", "start_marquee", StartMarqueeParams, DisplayResult, "Let a text scroll until another comes."
    ),
    Command("line_display", "set_brightness", SetBrightnessParams, DisplayResult, "Make it brighter or darker."),
    Command("line_display", "set_blink", SetBlinkParams, DisplayResult, "Let the whole screen blink, or stop that."),
    Command("line_display", "test_display", bases.NoParams, DisplayResult, "Let it run its own test."),
    Command("line_display", "read_display", bases.NoParams, DisplayView, "What the gateway last wrote on it."),
)
PRINT_COMMANDS: Final = tuple(
    Command(device_class.value, name, params, result, words)
    for device_class in sorted(PRINTER_CLASSES)
    for name, params, result, words in (
        (
            "cancel_job",
            JobParams,
            print_jobs.JobResult,
            "Give a print job up. The result tells how it ended: what was printed before is on paper.",
        ),
        (
            "reprint",
            ReprintParams,
            print_jobs.PrintResult,
            "Print an ended job once more, marked as a copy: a new job under the id of this request.",
        ),
        (
            "dismiss",
            DismissParams,
            print_jobs.JobResult,
            "A person has looked at the paper of an unknown job: nothing more is to be done.",
        ),
        ("read_job", JobParams, print_jobs.JobResult, "How a print job stands."),
        ("read_jobs", ReadJobsParams, print_jobs.JobsResult, "The newest print jobs of the printer."),
    )
)
"""Of any printer, by the print service."""
COMMON_COMMANDS: Final = (
    Command(
        ANY_CLASS,
        "claim",
        ClaimParams,
        devices.ClaimResult,
        "Hold the device alone. The result's token goes into `claim` of each request to it, and each renews.",
    ),
    Command(ANY_CLASS, "renew", RenewParams, devices.ClaimResult, "Keep a claim that is not used for a while."),
    Command(
        ANY_CLASS,
        "retrieve_statistics",
        StatisticsParams,
        devices.StatisticsResult,
        "What was counted of the device, under UnifiedPOS names, and its newest losses; also while it is away.",
    ),
    Command(
        ANY_CLASS, "reset_statistics", StatisticsParams, devices.ResetStatisticsResult, "Begin counting at nothing."
    ),
    Command(ANY_CLASS, "release", ReleaseParams, bases.EmptyResult, "Give a claim back."),
    Command(
        ANY_CLASS,
        "forget",
        bases.NoParams,
        bases.EmptyResult,
        "Let nothing be left of a device that was taken without configuration and is not attached any more.",
    ),
)
"""Of any device."""
STATES: Final = (
    State("gatewayState", "gateway/state", gateway.GatewayStatePayload, "Whether the gateway is there."),
    State("gatewayHealth", "gateway/health", gateway.GatewayHealthPayload, "How the gateway and its parts are."),
    State("gatewayAttached", "gateway/attached", AttachedReport, "What is plugged in, and why it is used or not."),
    State("deviceInfo", "{lane}/{class}/{device}/info", devices.DeviceInfoPayload, "Who a device is."),
    State("deviceState", "{lane}/{class}/{device}/state", devices.DeviceStatePayload, "How a device is right now."),
    State(
        "terminalState",
        "{lane}/pos/{terminal}/state",
        devices.TerminalStatePayload,
        "Whether a terminal is there: online when it connects, offline by its last will, which ends its claims.",
        is_received=True,
    ),
)


def file_models() -> dict[str, tuple[type[BaseModel], bool]]:
    """File name without ``.json`` to its model, and whether it describes what the gateway sends (or takes)."""
    models: dict[str, tuple[type[BaseModel], bool]] = {
        "transaction": (Transaction, False),
        "request": (RequestEnvelope, False),
        "reply": (ReplyEnvelope, True),
    }
    for event in (*EVENTS, *PRINT_EVENTS, *COMMON_EVENTS, *ALERTS, *CLOUD_EVENTS):
        models[f"{event.device_class}.{event.name}.v1"] = (event.data, True)
    for command in (*COMMANDS, *PRINT_COMMANDS, *COMMON_COMMANDS):
        models[f"{command.device_class}.{command.name}.params"] = (command.params, False)
        models[f"{command.device_class}.{command.name}.result"] = (command.result, True)
    for state in STATES:
        name = state.topic.replace("{lane}/{class}/{device}", "device").replace("{lane}/pos/{terminal}", "terminal")
        models[name.replace("/", ".")] = (state.payload, not state.is_received)
    return models
