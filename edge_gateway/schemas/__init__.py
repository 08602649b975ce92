"""The machine-readable twin of the bus: models of its payloads, JSON Schemas and the AsyncAPI document from them."""
