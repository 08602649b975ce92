"""Models of what the gateway publishes: the source of the published schemas, held against real payloads by tests.

What the gateway sends may gain fields, so these allow more than they name; clients must ignore what they do not know.
What it takes (requests, transactions, print documents) allows nothing unknown; those models are in ``contracts``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.contracts.states import ClaimEnd, Health, PowerState, ScaleStatus

DecimalText = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]


class Sent(BaseModel):
    """Something the gateway sends."""

    model_config = ConfigDict(extra="allow")


class ClearErrorParams(BaseModel):
    """The error was mended by a person."""

    model_config = ConfigDict(extra="forbid")

    output: Literal["keep", "clear"] = Field(
        "keep",
        description="What the printer holds and has not printed: print it, or forget it (UnifiedPOS ClearOutput).",
    )


class NoParams(BaseModel):
    """The command takes no params."""

    model_config = ConfigDict(extra="forbid")


class DeviceEventData(Sent):
    """``data`` of every event of a device."""

    device_id: str
    lane: str
    epoch: int | None = Field(
        ge=1,
        description="Rises with each start of the gateway, whatever its clock says: (epoch, sequence) is the order of "
        "a device's events for good. Null while the gateway waits for its store.",
    )
    sequence: int = Field(ge=1, description="Rises by one with each event of the device; starts anew with the gateway.")


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


class WeightReading(Sent):
    """What a scale shows."""

    status: ScaleStatus
    weight: DecimalText | None = Field(description="As the scale sent it; only beside stable_weight and weight_zero.")
    unit: str
    net: bool | None = Field(description="Tare is taken off; null where the scale does not say.")
    gross: DecimalText | None = Field(description="Gross weight as sent beside the weight; null where it is not sent.")
    tare: DecimalText | None = Field(description="Tare as sent beside the weight; null where it is not sent.")
    resolution: DecimalText | None = Field(
        description="One division of the scale as it says or its profile knows it, else one step of its last digit."
    )
    age_ms: int = Field(ge=0, description="Since the scale was asked, or, where it sends by itself, since it sent.")


class HighResolutionReading(WeightReading):
    """More digits than the display has, for people who test a scale."""

    high_resolution: Literal[True] = Field(description="Not for trade.")


class PriceReading(WeightReading):
    """What a price-computing scale answers; the prices stand only beside a weight."""

    unit_price: DecimalText | None = Field(description="As the scale sent it back, or as it was sent to the scale.")
    price: DecimalText | None = Field(description="Of the goods, as the scale computed and rounded it.")
    tare: DecimalText | None = Field(description="Tare that was sent to the scale.")


class WeightChangedData(WeightReading, DeviceEventData):
    """The scale shows something new."""


class ClaimHolder(Sent):
    """Who holds a device alone."""

    owner: str = Field(description="Id of the terminal.")
    owner_lane: str
    claimed_at: datetime
    ttl_s: float = Field(description="It ends so long after its last use; each request with its token is one.")


class ClaimLostData(DeviceEventData):
    """A claim ended without its owner's doing."""

    owner: str = Field(description="The terminal that held the device.")
    owner_lane: str
    why: ClaimEnd
    new_owner: str | None = Field(description="Who has it now, where it was stolen.")


class ClaimResult(Sent):
    """The device is yours alone."""

    claim: str = Field(description="Token for the `claim` of every request to the device.")
    owner: str
    owner_lane: str
    ttl_s: float
    expires_at: datetime = Field(description="If nothing renews it.")


class EmptyResult(Sent):
    """Done."""


class TerminalStatePayload(BaseModel):
    """Retained, published by the terminal; ``offline`` also by the broker, as the terminal's last will."""

    model_config = ConfigDict(extra="allow")

    state: Literal["online", "offline"]


class DisconnectPayload(Sent):
    """A device that was lost, or fell silent."""

    time: datetime
    power: PowerState = Field(description="off: the connection was lost; offline: it did not answer any more.")
    reason: str
    connected_s: float = Field(ge=0, description="How long the connection had lasted.")
    away_s: float | None = Field(description="Until it answered again; null: it had not yet.")


class StatisticsResult(Sent):
    """As UnifiedPOS names them. Counts are cumulative, over restarts of the gateway, until they are reset."""

    UnifiedPOSVersion: str
    DeviceCategory: str = Field(description="Scanner, Scale, POSPrinter ...")
    ManufacturerName: str
    ModelName: str
    SerialNumber: str | None
    FirmwareRevision: str | None
    Interface: str = Field(description="serial, tcp, evdev, hidraw, usb_printer ...")
    statistics: dict[str, float] = Field(description="By name; those that begin with M_ are the gateway's own.")
    disconnects: list[DisconnectPayload] = Field(description="The newest since the gateway's start.")


class ResetStatisticsResult(Sent):
    """They begin again at nothing."""

    reset: list[str]


class DeviceStatePayload(Sent):
    """Retained. A scale's reading and a printer's condition stand beside these fields."""

    power: PowerState
    since: datetime = Field(description="When the power state became this.")
    reason: str | None = Field(description="Why it is not online.")
    flags: list[str] = Field(description="Conditions: cover_open, paper_empty, paper_near_end, drawer_open ...")
    last_frame_age_s: float | None = Field(description="Since the last valid frame, when this was published.")
    reconnect_count: int = Field(ge=0)
    claim: ClaimHolder | None = Field(description="Who holds the device; null: nobody.")
    last_disconnect: DisconnectPayload | None = Field(description="The newest since the gateway's start; null: none.")


class DeviceInfoPayload(Sent):
    """Retained: who the device is."""

    device_id: str
    lane: str
    device_class: str
    vendor: str
    model: str
    profile: str
    tier: str = Field(description="How well the profile is known: experimental, or verified by a capture of hardware.")
    transport: str
    capabilities: dict[str, Any]
    commands: list[str]
    firmware: str | None = Field(None, description="As the device reports it; absent where it reports none.")
    firmware_status: FirmwareStatus | None = Field(
        None, description="How that stands to the policy of its profile; absent without a policy."
    )


class GatewayStatePayload(Sent):
    """Retained; the broker publishes ``offline`` if the gateway dies."""

    state: Literal["online", "offline"]
    since: datetime | None = Field(description="null in the last will: the broker cannot tell when the gateway died.")
    version: str


class HealthReason(Sent):
    part: str
    health: Health
    text: str


class GatewayHealthPayload(Sent):
    """Retained: the worst of the parts, and every reason that is not healthy."""

    status: Health
    reasons: list[HealthReason]


class AlertData(Sent):
    """``data`` of an alert."""

    text: str = Field(description="For a person: what is wrong, and what to do.")


class EventDeadLetteredData(AlertData):
    """The cloud refused events for good; they are kept until a person decides."""

    stream: str = Field(description="transactions, device_events ...")
    count: int = Field(ge=1, description="Events of the stream since the last such alert.")
    event_id: str = Field(description="The first of them.")
    event_type: str
    reason: str = Field(description="The cloud's words.")


class StoreFullData(AlertData):
    """Transactions are refused until there is room."""


class StoreFillingData(AlertData):
    """The store fills: told at 70, 85 and 95 %, once on the way up; from 95 % on it is critical."""

    level_percent: Literal[70, 85, 95]
    fill_percent: float = Field(ge=0, le=100, description="Of what sales may use; at 100 they are refused.")


class EventsLockedData(AlertData):
    """Events that no key in the key file opens: kept, passed over, delivered when the key is back."""

    count: int = Field(ge=1)


class StoreSetAsideData(AlertData):
    """The database was damaged, and a new one was begun."""

    kept_as: str = Field(description="Path of the damaged file on the box.")


class EventsLostData(AlertData):
    """Events were lost with a damaged store; told again at each start until a person acknowledges it."""

    kept_as: str = Field(description="File name of the damaged store on the box.")
    lost: dict[str, int] = Field(description="How many, by stream.")
    is_exact: bool = Field(description="False: the damage leaves more than one answer.")
    transaction_ids: list[str] = Field(description="The first of the lost sales that are still known by their ids.")


class FirmwareDriftData(AlertData):
    """A device reports firmware that the policy of its profile does not allow."""

    device_id: str
    lane: str
    profile: str
    firmware: str = Field(description="The version that the device reports.")
    status: Literal["below_minimum", "not_approved", "not_comparable", "other_profile"]
    policy: str = Field(description="What is allowed, in words.")


class ProfileRefusedData(AlertData):
    """A firmware profile on disk was changed and has problems: the device goes on as it was."""

    device_id: str
    lane: str
    profile: str
    problems: list[str] = Field(description="Each with its file, line, key and what was expected; the first ten.")


class DeviceEventsDroppedData(AlertData):
    """A device sent more than the broker or the disk took: it lost events of its own, and no other device did."""

    device_id: str
    lane: str
    waited_for: Literal["broker", "disk"] = Field(description="What its events waited for, and never reached.")
    count: int = Field(ge=1, description="Events of this device that were lost so since the gateway's start.")


class TareParams(BaseModel):
    """``params`` of ``tare``; without a weight, the scale takes what lies on it."""

    model_config = ConfigDict(extra="forbid")

    weight: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")] | None = None


class LabelPrintResult(Sent):
    """The labels are out."""

    bytes: int = Field(ge=0)
    labels: int = Field(ge=1, description="So many came out.")
    pictured_texts: int = Field(ge=0, description="Lines that the printer has no font for, printed as pictures.")
    replaced_characters: int = Field(ge=0, description="Characters that no font has.")
    confirmed_by: Literal["printer", "none"] = Field(description="none: the printer cannot say when it is done.")


class LabelPrinterStatus(Sent):
    """What the label printer says of itself; null: it has not said."""

    answering: bool
    head_open: bool | None
    media_out: bool | None
    ribbon_out: bool | None
    paused: bool | None
    label_waiting: bool | None = Field(description="A label waits in the peeler.")
    outstanding: int | None = Field(description="Labels and formats that are still to be printed, as it counts them.")
    error: str | None
    flags: list[str]


class DrawerResult(Sent):
    """The pulse was sent."""

    drawer: str | None
    confirmed_by: str


class PrinterStatus(Sent):
    """What the printer says of itself."""

    answering: bool
    online: bool | None
    cover_open: bool | None
    paper: str | None
    drawer: str | None
    drawer_level: str | None = Field(description="Of pin 3 of the drawer connector: high, low; null: not said.")
    error_level: Literal["none", "recoverable", "fatal"] = Field(description="ErrorLevel of UnifiedPOS.")
    flags: list[str]
