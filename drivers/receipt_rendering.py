"""A receipt's document as bytes of its printer, whatever language that speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edge_gateway.contracts.document import Element, opens_drawer, parse_document
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printing import Rendered
from protocols.printers.receipt_encoder import EncodedDocument


def rendered_receipt(content: Mapping[str, Any], encode: Callable[[Sequence[Element]], EncodedDocument]) -> Rendered:
    """Raises RequestError."""
    if unknown := content.keys() - {"document"}:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"print: unknown params {', '.join(sorted(unknown))}")
    document = parse_document(content.get("document"))
    encoded = encode(document)
    return Rendered(encoded.data, encoded.cuts, encoded.replaced_count, opens_drawer=opens_drawer(document))
