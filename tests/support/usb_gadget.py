"""A USB printer made by this machine's kernel: the printer gadget behind ``dummy_hcd``, the cable in between.

Source: Linux, Documentation/usb/gadget_configfs.rst, gadget_printer.rst. Needs root, and the modules.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

CONFIGFS = Path("/sys/kernel/config/usb_gadget")
UDC = Path("/sys/class/udc")
DEVICES = Path("/sys/bus/usb/devices")
DEVICE_ID = "MFG:EPSON;MDL:TM-T88V;CMD:ESC/POS;CLS:PRINTER;  "
"""f_printer says a length two bytes short, so two spaces end it."""


def missing() -> str | None:
    """Why there can be no gadget here; None: there can."""
    if not os.environ.get("LAB_USB"):
        return "LAB_USB is not set: no USB gadgets are made in this kernel"
    if os.geteuid() != 0:
        return "not root: no USB gadgets"
    if not CONFIGFS.exists() or not any(UDC.glob("dummy_udc.*")):
        modprobe = shutil.which("modprobe") or "/sbin/modprobe"
        for module in (["dummy_hcd", "num=8"], ["libcomposite"], ["usblp"]):
            try:
                subprocess.run([modprobe, *module], check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                return "no kernel module dummy_hcd: no USB gadgets"
    return None


class PrinterGadget:
    """Plugged in from the start. ``far_node``: the printer's own side; ``queue_length``: transfers that wait in it."""

    def __init__(self, serial: str, *, number: int = 0, queue_length: int = 2) -> None:
        self.serial = serial
        self.far_node = Path(f"/dev/g_printer{number}")
        self._path = CONFIGFS / f"edge-test-{serial}"
        self._path.mkdir()
        for name, value in {"idVendor": "0x04b8", "idProduct": "0x0202", "bcdUSB": "0x0200"}.items():
            (self._path / name).write_text(value)
        strings = self._path / "strings/0x409"
        strings.mkdir()
        for name, value in {"manufacturer": "EPSON", "product": "TM-T88V", "serialnumber": serial}.items():
            (strings / name).write_text(value)
        function = self._path / f"functions/printer.{number}"
        function.mkdir()
        (function / "pnp_string").write_text(DEVICE_ID)
        (function / "q_len").write_text(str(queue_length))
        (self._path / "configs/c.1").mkdir()
        (self._path / "configs/c.1" / function.name).symlink_to(function)
        self.push()

    def push(self) -> None:
        """Plug it in, in a free socket."""
        used = {path.read_text().strip() for path in CONFIGFS.glob("*/UDC")}
        (self._path / "UDC").write_text(next(path.name for path in sorted(UDC.iterdir()) if path.name not in used))

    def pull(self) -> None:
        if (self._path / "UDC").read_text().strip():
            (self._path / "UDC").write_text("\n")

    def remove(self) -> None:
        self.pull()
        for link in (self._path / "configs/c.1").iterdir():
            if link.is_symlink():
                link.unlink()
        folders = ["configs/c.1", *(f"functions/{path.name}" for path in (self._path / "functions").iterdir())]
        for folder in (*folders, "strings/0x409", ""):
            (self._path / folder).rmdir()

    def usblp_node(self) -> Path | None:
        """While usblp has it."""
        root = self._root()
        found = None if root is None else next(root.glob("*/usbmisc/lp*"), None)
        return None if found is None else Path("/dev/usb") / found.name

    def usbfs_node(self) -> Path | None:
        root = self._root()
        if root is None:
            return None
        bus, address = (int((root / name).read_text()) for name in ("busnum", "devnum"))
        return Path(f"/dev/bus/usb/{bus:03}/{address:03}")

    def _root(self) -> Path | None:
        for path in DEVICES.glob("*/serial"):
            try:
                if path.read_text().strip() == self.serial:
                    return path.parent.resolve()
            except OSError:  # it went in the middle
                continue
        return None
