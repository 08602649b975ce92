"""What needs a machine of its own: kernel nodes made with uhid, BlueZ with an adapter, a UART. Run as root there:

    BLE_PERIPHERAL='COMMAND' LAB_UART=/dev/ttyS1 LAB_USB=1 LAB_GPIO=1 pytest tests/lab

``LAB_USB``, ``LAB_GPIO``: kernel modules are loaded, and USB printers and chips of wires made with them.
``BLE_PERIPHERAL``: a command that makes an adapter and, in its range, a Nordic UART device; see ``test_ble.py``. What
is not there is skipped, and says so. No gateway may run meanwhile: it takes the scanners and scales that are made here.
"""
