"""``edge-gateway new-driver``: the files of a new protocol, which work as they are written and are then changed."""
