"""``edge-gateway run``: the daemon."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from edge_gateway.settings import GatewaySettings


def register(app: typer.Typer) -> None:
    """Add ``run``."""

    @app.command()
    def run(
        config: Path = typer.Option(Path("/etc/edge-gateway/gateway.toml"), help="The configuration file."),
    ) -> None:
        """Run the gateway until SIGTERM or SIGINT; SIGHUP looks at the firmware profiles at once."""
        from edge_gateway.commands.config import find_problems
        from edge_gateway.contracts.errors import ConfigError
        from edge_gateway.settings_loader import load_settings

        if problems := find_problems(config):
            typer.echo(str(ConfigError(problems, str(config))), err=True)
            raise typer.Exit(2)
        settings = load_settings(config)
        raise typer.Exit(run_gateway(settings))


def run_gateway(settings: GatewaySettings) -> int:
    """Run until a signal; the process exit code: 0 stopped in order, 1 failed, 2 configuration refused."""
    import structlog
    import uvloop

    from edge_gateway.app import Gateway
    from edge_gateway.contracts import log_events
    from edge_gateway.contracts.errors import ConfigError, EdgeGatewayError
    from edge_gateway.logs import configure_logging

    configure_logging(settings.log)
    log = structlog.get_logger(__name__)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, stop.set)
        gateway = Gateway(settings)
        loop.add_signal_handler(signal.SIGHUP, gateway.reload)
        await gateway.run(stop)

    try:
        uvloop.run(serve())
    except ConfigError as error:
        log.error(log_events.CONFIG_REFUSED, error=str(error))
        return 2
    except EdgeGatewayError as error:
        log.error(log_events.GATEWAY_FAILED, error=str(error))
        return 1
    return 0
