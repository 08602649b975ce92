"""What the packaged print templates take as ``data``; a site's own template in place of one takes more if it likes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from edge_gateway.contracts.money import Amount, Price, Quantity, Rate
from edge_gateway.contracts.transaction import Transaction
from edge_gateway.contracts.transaction_fields import Currency, TransactionType

LINES_MAX: Final = 1000
TEXT_MAX: Final = 500

Words = Annotated[str, Field(max_length=TEXT_MAX)]
Count = Annotated[StrictInt, Field(ge=0)]
Lines = Annotated[tuple[Words, ...], Field(max_length=20)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class PrintData(_Part):
    """What every template takes. ``locale``: formats and words in place of those of ``language``."""

    language: Words | None = Field(None, description="ISO 639, such as de; default: en.")
    locale: Mapping[str, Any] | None = None
    timezone: Words | None = Field(None, description="IANA name; default: that of the transaction, else UTC.")
    currency: Currency | None = None


class Shop(_Part):
    """Head and foot of a receipt."""

    name: Words
    lines: Lines = Field((), description="Address, telephone ...")
    tax_id: Words | None = None
    logo: Words | None = Field(None, description="Name of a logo that the printer or the gateway keeps.")
    footer: Lines = ()


class ReceiptData(PrintData):
    """Of ``receipt`` and ``refund``."""

    transaction: Transaction
    shop: Shop
    code: Literal["barcode", "qr", "none"] = Field(
        "qr", description="How the transaction's id is printed. A barcode of more than 12 characters needs 80 mm paper."
    )
    fiscal_qr: Words | None = Field(None, description="What the tax office wants to be printed as a QR code.")
    opens_drawer: bool = False


class TenderSum(_Part):
    method: Words
    count: Count
    amount: Amount


class TaxSum(_Part):
    code: Words
    rate: Rate
    base: Amount
    amount: Amount


class CashCount(_Part):
    """The drawer's cash, as it should be and as it was counted."""

    opening: Amount
    sales: Amount
    paid_in: Amount
    paid_out: Amount
    expected: Amount
    counted: Amount | None = None
    difference: Amount | None = None


class Report(_Part):
    """Sums of a shift or a business day."""

    number: Count
    business_day: Words
    terminal_id: Words
    operator: Words | None = None
    opened_at: Words
    closed_at: Words
    transaction_count: Count
    refund_count: Count = 0
    void_count: Count = 0
    no_sale_count: Count = 0
    gross: Amount
    discount: Amount
    refunds: Amount
    net: Amount
    tax: Amount
    tenders: tuple[TenderSum, ...] = Field((), max_length=50)
    taxes: tuple[TaxSum, ...] = Field((), max_length=50)
    cash: CashCount | None = None


class ReportData(PrintData):
    """Of ``x_report`` (a look in between) and ``z_report`` (the close)."""

    report: Report
    shop: Shop
    currency: Currency


class KitchenItem(_Part):
    quantity: Quantity
    name: Words
    modifiers: Lines = ()
    note: Words | None = None
    change: Literal["added", "cancelled"] | None = None


class KitchenOrder(_Part):
    number: Words
    placed_at: Words
    station: Words | None = None
    table: Words | None = None
    covers: Count | None = None
    waiter: Words | None = None
    note: Words | None = None
    items: tuple[KitchenItem, ...] = Field(max_length=LINES_MAX)


class KitchenData(PrintData):
    """Of ``kitchen_ticket``."""

    order: KitchenOrder
    buzzes: bool = Field(False, description="Only at a printer that has a buzzer.")


class ShelfItem(_Part):
    name: Words
    price: Price
    was: Price | None = Field(None, description="The price before an offer.")
    sku: Words | None = None
    gtin: Words | None = None
    base_price: Price | None = None
    base_unit: Words | None = Field(None, description="Such as 1 kg or 100 ml, of base_price.")
    origin: Words | None = None
    valid_until: Words | None = None


class ShelfData(PrintData):
    """Of ``shelf_label``."""

    item: ShelfItem
    currency: Currency


class Address(_Part):
    name: Words
    lines: Lines
    country: Words | None = None


class Parcel(_Part):
    sender: Address
    recipient: Address
    carrier: Words
    service: Words | None = None
    number: Count = 1
    of: Count = 1
    weight: Words | None = Field(None, description="With its unit.")
    tracking: Words | None = None
    sscc: Annotated[str, Field(pattern=r"^[0-9]{18}$")] | None = None
    routing: Words | None = Field(None, description="What a PDF417 on the label holds.")
    references: Lines = ()


class ShippingData(PrintData):
    """Of ``shipping_label``."""

    parcel: Parcel


class PickLine(_Part):
    location: Words
    name: Words
    quantity: Quantity
    unit: Words = "each"
    sku: Words | None = None
    note: Words | None = None


class Pick(_Part):
    number: Words
    order: Words
    customer: Words | None = None
    due_at: Words | None = None
    note: Words | None = None
    lines: tuple[PickLine, ...] = Field(max_length=LINES_MAX)


class PickData(PrintData):
    """Of ``pick_ticket``."""

    pick: Pick


DATA_MODELS: Final[Mapping[str, type[PrintData]]] = {
    "receipt": ReceiptData,
    "refund": ReceiptData,
    "x_report": ReportData,
    "z_report": ReportData,
    "kitchen_ticket": KitchenData,
    "shelf_label": ShelfData,
    "shipping_label": ShippingData,
    "pick_ticket": PickData,
}
"""Template to its data."""

_GIVES_BACK: Final = frozenset({TransactionType.REFUND, TransactionType.RETURN})
TRANSACTION_TYPES: Final[Mapping[str, frozenset[TransactionType]]] = {
    "receipt": frozenset(TransactionType) - _GIVES_BACK,
    "refund": _GIVES_BACK | {TransactionType.EXCHANGE, TransactionType.VOID},
}
"""Packaged template to the transactions it prints: a refund is none that says REFUND above a sale."""
