"""The commands of ``edge-gateway``: one module each, heavy imports inside."""
