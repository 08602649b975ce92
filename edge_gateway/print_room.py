"""Puts the print service together, and tells what of it a person should look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from edge_gateway.contracts.clock import Clock, EventIds
from edge_gateway.contracts.store import CommandLog, Outbox
from edge_gateway.devices.claims import Claims
from edge_gateway.devices.registry import Registry
from edge_gateway.services.alerts import Finding
from edge_gateway.services.printing.audit import PrintAudit
from edge_gateway.services.printing.content import prepare
from edge_gateway.services.printing.service import PrintService
from edge_gateway.settings import GatewaySettings
from edge_gateway.settings_printing import PrintingSettings
from edge_gateway.store.database import Database
from edge_gateway.store.print_spool import SqlitePrintSpool

_DEFAULTS: Final = PrintingSettings()


def make_print_service(
    settings: GatewaySettings,
    registry: Registry,
    claims: Claims,
    database: Database,
    outbox: Outbox,
    command_log: CommandLog,
    ids: EventIds,
    epoch: Callable[[], int | None],
    clock: Clock,
) -> PrintService:
    """Of one store. Nothing is read yet."""
    configured: Mapping[str, PrintingSettings] = {device.id: device.printing for device in settings.device}
    return PrintService(
        registry.get,
        lambda device_id: configured.get(device_id, _DEFAULTS),
        SqlitePrintSpool(database, clock),
        command_log,
        PrintAudit(settings.store.id, outbox, ids, epoch, clock),
        lambda device_id: claims.refusal(device_id, None, is_read=False),
        prepare(settings.templates_directory),
        clock,
    )


def print_findings(service: PrintService) -> Iterator[Finding]:
    """Jobs of which a person has to say what is on paper."""
    for job in service.unknown():
        error = job.record.get("error") or {}
        message = str(error.get("message", "its end is not known")).removeprefix(f"{job.printer}: ")
        asked = f"{job.spooled.device_id} {job.job_id}"
        text = (
            f"print job {job.job_id} of {job.printer}: {message}; not there or not whole: "
            f"edge-gateway print reprint {asked}; whole: edge-gateway print dismiss {asked}"
        )
        data = {
            "text": text,
            "device_id": job.spooled.device_id,
            "printer": job.printer,
            "job_id": job.job_id,
            "sent_bytes": job.record.get("sent_bytes", 0),
            "total_bytes": job.record.get("total_bytes"),
        }
        yield Finding("warning", "print_job_unknown", f"{job.spooled.device_id} {job.job_id}", data)
