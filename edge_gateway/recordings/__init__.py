"""Recording a device's wire, and playing a recording through the real driver. A tool beside the daemon, no part of it."""
