"""[kitchen]: which items of an order are printed where."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_gateway.contracts.fields import PRINTED_PATTERN, Level
from edge_gateway.settings_parts import Section

ROUTES_MAX = 50
"""A hotel with four kitchens and three bars has twelve."""

Glob = Annotated[str, Field(min_length=1, max_length=60)]


class KitchenRoute(Section):
    """[[kitchen.route]] a place that prepares something."""

    printer: Level = Field(description="Id of the printer; its own back-up takes over where it cannot print.")
    categories: Annotated[tuple[Glob, ...], Field(min_length=1)] = Field(
        description="Of items, * for any part of a word: the first route that has an item's category gets it."
    )
    station: str | None = Field(
        None, max_length=40, pattern=PRINTED_PATTERN, description="Name of the place, printed above."
    )
    is_copy: bool = Field(
        False, description="Gets its items beside the first route: for whoever puts the order together."
    )
    buzzes: bool = Field(False, description="Sound the printer's buzzer; only where it has one.")


class KitchenSettings(Section):
    """[kitchen] where orders are printed (command print_order)."""

    route: Annotated[tuple[KitchenRoute, ...], Field(max_length=ROUTES_MAX)] = ()
    language: str = Field("en", min_length=2, max_length=20, description="Of the tickets, where an order has none.")
    timezone: str | None = Field(None, description="IANA name, of times on tickets; default: the store's.")
