"""Recording a device's wire, and playing a recording through the real driver: tools beside the daemon."""
