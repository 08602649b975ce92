"""The printer of the print benchmark's rate, in a process of its own: an ESC/POS printer on a TCP port."""

from __future__ import annotations

import asyncio
import sys

from simulators.escpos_printer import EscposPrinter


async def main(port: int, columns: int) -> None:
    """Until it is ended."""
    printer = EscposPrinter(columns=columns)
    await printer.listen_tcp(port=port)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
