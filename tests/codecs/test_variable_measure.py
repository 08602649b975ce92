"""Prices, weights and counts in a store's own numbers. Oracle: biip 5.2, which has the same nine countries."""

from __future__ import annotations

import random

import pytest
from biip import ParseConfig, ParseError
from biip.gtin import Gtin
from biip.rcn import Rcn, RcnRegion
from pydantic import ValidationError

from edge_gateway.contracts.check_digits import check_digit, measure_check_digit
from edge_gateway.contracts.variable_measure import VariableMeasureTemplate
from protocols.barcodes.meaning import barcode_of
from protocols.barcodes.variable_measure import COUNTRIES, read
from protocols.decoding import find_protocols

SEED = 20261122
NUMBERS = 3000


@pytest.mark.parametrize("region", sorted(COUNTRIES))
def test_variable_measure_is_read_as_biip_reads_it(region: str) -> None:
    print(f"seed {SEED}")
    source = random.Random(f"{SEED}/{region}")
    valid = 0
    for _ in range(NUMBERS):
        payload = f"2{source.randrange(10)}" + "".join(source.choices("0123456789", k=10))
        number = f"{payload}{check_digit(payload)}"
        ours = read(f"0{number}", COUNTRIES[region])
        try:
            theirs = Gtin.parse(number, config=ParseConfig(rcn_region=RcnRegion(region.lower())))
        except ParseError:
            assert ours is not None
            assert not ours.is_valid
            continue
        assert isinstance(theirs, Rcn)
        if ours is None:
            assert (theirs.price, theirs.weight, theirs.count) == (None, None, None)
            continue
        valid += 1
        assert ours.is_valid
        assert (ours.price and float(ours.price)) == (None if theirs.price is None else float(theirs.price))
        assert (ours.weight and float(ours.weight)) == (None if theirs.weight is None else float(theirs.weight))
        assert (ours.count and int(ours.count)) == theirs.count
        assert ours.item_gtin == f"0{theirs.without_variable_measure().value}"
    assert valid > 10


@pytest.mark.parametrize(("measure", "digit"), [("1234", 9), ("00239", 4), ("00012", 9), ("06870", 1)])
def test_check_digit_of_a_measure(measure: str, digit: int) -> None:
    assert measure_check_digit(measure) == digit


US = VariableMeasureTemplate(template="2IIIIIVPPPPC", decimals=2, currency="USD")
ES = VariableMeasureTemplate(template="23IIIIIWWWWWC", decimals=3)


def test_template_of_the_stores_own_reads_upc_and_ean() -> None:
    number = f"21234{5}{measure_check_digit('0499')}0499"
    number = f"{number}{check_digit(number)}"
    for text in (number, f"0{number}"):
        barcode = barcode_of(text.encode(), aim="]E0", variable_measures=(ES, US))
        assert barcode.to_json()["variable_measure"] == {
            "item_reference": "12345",
            "item_gtin": f"00{'21234500000'}{check_digit('00' + '21234500000')}",
            "price": "4.99",
            "currency": "USD",
        }


def test_template_with_a_wrong_check_digit_of_its_measure_tells_no_price() -> None:
    wrong = (measure_check_digit("0499") + 1) % 10
    number = f"212345{wrong}0499"
    barcode = barcode_of(f"{number}{check_digit(number)}".encode(), aim="]E0", variable_measures=(US,))
    told = barcode.to_json()["variable_measure"]
    assert told["valid"] is False
    assert "price" not in told


@pytest.mark.parametrize("number", ["4006381333931", "2088060112344", "96385074", "20880601123431"])
def test_other_numbers_hold_no_measure(number: str) -> None:
    barcode = barcode_of(number.encode(), variable_measures=COUNTRIES["SE"])
    assert barcode.variable_measure is None


def test_weight_and_count_by_country() -> None:
    weight = barcode_of(b"2488060112341", aim="]E0", variable_measures=COUNTRIES["SE"]).to_json()
    assert weight["restricted_circulation"] is True
    assert {name: weight["variable_measure"][name] for name in ("weight", "unit")} == {"weight": "12.34", "unit": "kg"}
    count = barcode_of(b"2511119000129", aim="]E0", variable_measures=COUNTRIES["DE"]).to_json()
    assert count["variable_measure"]["count"] == "12"


def test_decode_reads_a_bare_number_for_each_country() -> None:
    events = find_protocols()["barcode/rcn-variable-measure"].decode(b"2088060112343")
    assert {event["region"] for event in events} == set(COUNTRIES)
    told = {event["region"]: event.get("price") for event in events if event.get("valid")}
    assert told["SE"] == "12.34 SEK"
    assert told["NO"] == "12.34 NOK"
    assert told["DK"] is None


@pytest.mark.parametrize(
    "template",
    [
        "", "2IIIII", "2IIIIIPPPPPWC", "2PIIIIIPPPPPC", "2IIIVIIPPPPP", "PPPPPPPPPPPPC", "2IIIVVPPPPPC",
        "2IIIIVPPPPPPC", "2IIIIIIIIIIIC",
    ],
)  # fmt: skip
def test_template_that_makes_no_sense_is_refused(template: str) -> None:
    with pytest.raises(ValidationError):
        VariableMeasureTemplate(template=template)
