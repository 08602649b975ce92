"""Models of what the gateway publishes: the source of the published schemas, held against real payloads by tests.

What the gateway sends may gain fields, so these allow more than they name; clients must ignore what they do not know.
What it takes (requests, transactions, print documents) allows nothing unknown; those models are in ``contracts``.
"""
