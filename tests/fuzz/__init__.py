"""Inputs without end for every codec: what none of them may do, whatever a device sends."""
