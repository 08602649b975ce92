"""Carries the streams of the outbox over one uplink: what next, when, how much, and how it goes."""
