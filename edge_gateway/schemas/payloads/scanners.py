"""What scanners tell and answer."""

from __future__ import annotations

from pydantic import Field

from edge_gateway.schemas.payloads.bases import DecimalText, DeviceEventData, Sent


class VariableMeasure(Sent):
    """Price, weight or count inside a store's own number."""

    item_reference: str = Field(description="The item's digits in the number.")
    item_gtin: str = Field(description="14 digits: the number with the measure zeroed, the same for each package.")
    price: DecimalText | None = None
    currency: str | None = Field(None, description="ISO 4217, where the rule says it.")
    weight: DecimalText | None = None
    unit: str | None = Field(None, description="Of the weight.")
    count: str | None = None
    valid: bool = Field(True, description="False: the check digit of the measure is wrong; there is none then.")


class ElementValue(Sent):
    """An application identifier whose last digit places the decimal point."""

    name: str = Field(description="net_weight, price, amount ...")
    value: str = Field(description="Decimal text, with as many digits as were printed.")
    unit: str | None = None
    currency: str | None = Field(None, description="ISO 4217, where the element says it.")


class AgeCheckedData(DeviceEventData):
    """A driving licence was scanned. This is all that is kept of it."""

    is_of_age: dict[str, bool | None] = Field(
        description="Configured age in years to whether the holder has it; null: the licence does not say."
    )
    is_expired: bool | None = Field(description="Its last day is over; null: the licence does not say.")


class BarcodeScannedData(DeviceEventData):
    """One scan."""

    text: str | None = Field(description="Without prefix, suffix and AIM identifier; null when the bytes are no text.")
    raw_base64: str = Field(description="The bytes as sent, without prefix and suffix, identifiers included.")
    aim: str | None = Field(description="AIM identifier, such as ]E0, if the scanner sends one.")
    symbology: str = Field(description="ean_13, code_128, qr_code ...; unknown where nothing tells.")
    gtin: str | None = Field(description="14 digits, where the code holds one.")
    application_identifiers: dict[str, str] | None = Field(description="GS1 application identifiers and their values.")
    digital_link: bool = Field(False, description="The text is a GS1 Digital Link.")
    restricted_circulation: bool = Field(
        False, description="A number of the store's own, such as a price on a scale label."
    )
    variable_measure: VariableMeasure | None = Field(
        None, description="What such a number holds, by the store's country or its own rules."
    )
    element_values: dict[str, ElementValue] | None = Field(
        None, description="By application identifier: those with a decimal point, beside their digits."
    )
    addon: str | None = Field(None, description="Add-on of two or five digits, of periodicals and books.")
    isbn: str | None = Field(None, description="ISBN of 13 digits, also where the code holds the one of ten.")
    issn: str | None = Field(None, description="ISSN, such as 0317-8471.")
    coupon: dict[str, str] | None = Field(None, description="kind, and the parts that its kind has.")
    may_lack_separators: bool = Field(
        False, description="GS1 data without GS that seems to have run together: set the scanner to send GS."
    )
    code_id: str | None = Field(
        None, description="The scanner's own code identifier, where it is configured to send one."
    )


class ScanFailedData(DeviceEventData):
    """The scanner tried to read, and read nothing."""

    reason: str = Field(description="no_read: the session that a trigger began ended without a bar code.")


class SetParameterResult(Sent):
    """The scanner confirmed it."""

    parameter: int | str
    value: int | str
    permanent: bool
