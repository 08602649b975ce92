"""The languages of simulated label printers, each with its own parser: what a host sends to what is on the label."""
