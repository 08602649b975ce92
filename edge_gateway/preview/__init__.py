"""What a printer will print, without a printer: the real encoder's bytes, read by the simulated printer."""
