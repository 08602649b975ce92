"""Scales that compute the price, simulated: the price is theirs, troubles are states, secrets stay where they are."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.price_scale_settings import PriceScaleSettings
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.states import ScaleStatus
from edge_gateway.devices.profiles import load_profile
from protocols.scales import dialog_06
from protocols.scales import dialog_06_records as records
from protocols.scales.price_dialogue import Means, PriceRequest, Weighing
from simulators.cas import CasScale
from simulators.dialog_06 import EXAMPLE_POLYNOMIAL, Dialog06Scale
from simulators.epos1_berkel import Epos1BerkelScale
from simulators.l2_mettler import L2MettlerScale
from simulators.tisa import TisaScale
from tests.drivers.price_bench import MakeScale, in_virtual_time, price_bench

NO_SUMS = {"checksums": "none"}
PRICING: dict[str, tuple[MakeScale, dict[str, Any]]] = {
    "scale/dialog-06": (Dialog06Scale, NO_SUMS),
    "scale/l2-mettler": (L2MettlerScale, {}),
    "scale/tisa": (TisaScale, {}),
    "scale/cas": (CasScale, {}),
}
every_pricing_scale = pytest.mark.parametrize("protocol", PRICING)


def without_challenge(scale: Any) -> Any:
    if isinstance(scale, Dialog06Scale):
        scale.has_challenge = False
    return scale


@every_pricing_scale
@in_virtual_time
async def test_price_is_the_scales_own(protocol: str) -> None:
    make, settings = PRICING[protocol]
    async with price_bench(protocol, lambda link: without_challenge(make(link)), **settings) as bench:
        await bench.until_answering()
        bench.scale.put("1.235")
        told = await bench.calculate(unit_price="2.99")
    assert {key: told[key] for key in ("status", "weight", "unit", "unit_price", "price")} == {
        "status": "stable_weight",
        "weight": "1.235",
        "unit": "kg",
        "unit_price": "2.99",
        "price": "3.69",
    }
    assert told["age_ms"] < 5000
    assert ("stable_weight", "1.235", "kg") in [
        (reading["status"], reading["weight"], reading["unit"]) for reading in bench.readings
    ]


@every_pricing_scale
@pytest.mark.parametrize("trouble", ["motion", "under", "over"])
@in_virtual_time
async def test_trouble_gives_neither_weight_nor_price(protocol: str, trouble: str) -> None:
    make, settings = PRICING[protocol]
    async with price_bench(
        protocol, lambda link: without_challenge(make(link)), calculating_s=1.0, **settings
    ) as bench:
        await bench.until_answering()
        bench.scale.put("1.235")
        bench.scale.patience_s = 0.1
        bench.scale.status = trouble
        told = await bench.calculate(unit_price="2.99")
        bench.scale.status = "stable"
        bench.scale.put("0.500")
        after = await bench.calculate(unit_price="2.99")
    expected = {"motion": "weight_unstable", "under": "weight_under_zero", "over": "weight_overweight"}[trouble]
    # L2 and TISA say only that there is no result.
    assert told["status"] in {expected, "weight_unstable"}
    assert (told["weight"], told["unit_price"], told["price"]) == (None, None, None)
    assert (after["weight"], after["price"]) == ("0.500", "1.50")


@every_pricing_scale
@pytest.mark.parametrize("trouble", ["silent", "garbage", "half"])
@in_virtual_time
async def test_scale_that_does_not_answer_is_told_so_and_sells_nothing(protocol: str, trouble: str) -> None:
    make, settings = PRICING[protocol]
    async with price_bench(
        protocol, lambda link: without_challenge(make(link)), calculating_s=1.0, **settings
    ) as bench:
        await bench.until_answering()
        bench.scale.put("1.235")
        bench.scale.status = trouble
        if protocol == "scale/tisa":
            # It is not asked before it is needed.
            for _ in range(2):
                with pytest.raises(DeviceError):
                    await bench.calculate(unit_price="2.99")
        await bench.until_told("no_answer")
        with pytest.raises(DeviceError) as refused:
            await bench.calculate(unit_price="2.99")
        assert refused.value.code is ErrorCode.TIMEOUT
        assert bench.answering[-1] is False
        assert all(reading["weight"] is None for reading in bench.readings if reading["status"] == "no_answer")


@in_virtual_time
async def test_dialog_06_proves_itself_with_the_secret_of_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"polynomial = {EXAMPLE_POLYNOMIAL:x}  # of nobody\n")
    async with price_bench("scale/dialog-06", Dialog06Scale, secret_file=secret, checksum_pairs=5) as bench:
        await bench.until_answering()
        bench.scale.put("1.235")
        assert (await bench.calculate(unit_price="2.99", tare="0.015", text="Äpfel, sweet and red"))["price"] == "3.65"
    assert (bench.scale.sums_accepted, bench.scale.sums_rejected) == (1, 0)
    assert (bench.scale.text, str(bench.scale.tare)) == ("?pfel, sweet", "0.015")


@pytest.mark.parametrize("style", ["letters", "colon"])
@in_virtual_time
async def test_dialog_06_takes_pairs_and_either_alphabet(style: str, tmp_path: Path) -> None:
    from simulators.dialog_06 import _divided

    secret = tmp_path / "secret"
    secret.write_text("".join(f"{word:04X} {_divided(word, EXAMPLE_POLYNOMIAL):04X}\n" for word in (0xABCD, 0x1234)))
    async with price_bench("scale/dialog-06", Dialog06Scale, secret_file=secret, hex_style=style) as bench:
        bench.scale.asks_colon = style == "colon"
        await bench.until_answering()
        bench.scale.put("1.000")
        for _ in range(51):  # the scale asks again after 50 weighings
            assert (await bench.calculate(unit_price="2.99"))["price"] == "2.99"
    assert (bench.scale.sums_accepted, bench.scale.sums_rejected) == (2, 0)


@in_virtual_time
async def test_dialog_06_with_a_wrong_secret_says_so_and_never_shows_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("polynomial = 11111\n")
    with caplog.at_level(logging.DEBUG):
        async with price_bench("scale/dialog-06", Dialog06Scale, secret_file=secret) as bench:
            await bench.until_answering()
            bench.scale.put("1.000")
            with pytest.raises(DeviceError, match=r"did not take 2 answers .* another vendor's secret"):
                await bench.calculate(unit_price="2.99")
            assert "11111" not in repr(bench.driver._scale.__dict__)
    assert "11111" not in caplog.text + str(bench.lines)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read: No such file"),
        ("", "holds neither a polynomial nor pairs"),
        ("polynomial = 8005", "line 1: expected 'polynomial = '"),
        ("ABCD 12", "line 1: expected"),
    ],
)
@in_virtual_time
async def test_dialog_06_sends_nothing_without_its_secret(text: str | None, problem: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    if text is not None:
        secret.write_text(text)
    async with price_bench("scale/dialog-06", Dialog06Scale, secret_file=secret) as bench:
        await bench.until_refusing_to_start()
        with pytest.raises(DeviceError, match="nothing is sent to the scale") as refused:
            await bench.calculate(unit_price="2.99")
        assert problem in str(refused.value)
        assert refused.value.code is ErrorCode.OFFLINE
        assert bench.answering == [False]
        assert bench.scale.counters["bytes_heard"] == 0
        assert "8005" not in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({}, "does not run without its vendor's secret"),
        ({"credential": ""}, "expected the name of a credential"),
        ({"checksums": "none", "credential": ""}, "expected the name of a credential .* leave it out"),
        ({"credential": "../x"}, "expected the name of a credential"),
        ({"secret_file": "/x", "hex_style": "roman"}, "hex_style"),
        ({"checksums": "none", "polynomial": "15a2b"}, r"polynomial\n  no such key here.*there are: .*hex_style"),
    ],
)
def test_dialog_06_settings_that_are_wrong_stop_the_start(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        PriceScaleSettings.model_validate({"protocol": "scale/dialog-06", **settings})


def _over(profile: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A device's settings over its profile's, as the registry lays them."""
    return {key: value for key, value in {**profile, **own}.items() if key not in {"protocol", "poll_interval_s"}}


@in_virtual_time
async def test_dialog_06_profile_needs_no_secret_where_no_checksums_are_asked_for() -> None:
    profile = load_profile("generic-dialog-06").settings
    async with price_bench(profile["protocol"], Dialog06Scale, **_over(profile, NO_SUMS)) as bench:
        bench.scale.has_challenge = False
        await bench.until_answering()
        bench.scale.put("1.235")
        assert (await bench.calculate(unit_price="2.99"))["price"] == "3.69"


@in_virtual_time
async def test_dialog_06_secret_file_of_a_device_goes_before_the_credential_of_its_profile(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"polynomial = {EXAMPLE_POLYNOMIAL:x}\n")
    profile = load_profile("generic-dialog-06").settings
    async with price_bench(profile["protocol"], Dialog06Scale, **_over(profile, {"secret_file": secret})) as bench:
        await bench.until_answering()
        bench.scale.put("1.235")
        assert (await bench.calculate(unit_price="2.99"))["price"] == "3.69"
    assert bench.scale.sums_accepted == 1


def test_dialog_06_secret_is_in_no_repr() -> None:
    assert "15a2b" not in repr(Means("polynomial = 15a2b", lambda bits: 0))


@in_virtual_time
async def test_dialog_06_answer_to_a_challenge_is_wiped_from_what_is_kept(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"polynomial = {EXAMPLE_POLYNOMIAL:x}\n")
    async with price_bench("scale/dialog-06", Dialog06Scale, secret_file=secret, checksum_pairs=5) as bench:
        await bench.until_answering()
        bench.scale.put("1.235")
        await bench.calculate(unit_price="2.99")
    passed = b"".join(bench.passed)
    assert (passed.count(b"\x04\x0210\x1b"), bench.forgotten) == (0, 1)
    assert b"\x0202\x1b3\x1b01235" in passed, "what came after it is kept"


RECORD = b"\x04\x0201\x1b000299\x1b\x03"
CHALLENGE = records.ChecksumsAsked(0x47, is_colon=False)
RESULT = records.ResultRead(ScaleStatus.STABLE_WEIGHT, "1.235", "kg", unit_price="2.99", price="3.69")


def dialogue_with(answers: list[Any]) -> tuple[Weighing, list[bytes]]:
    """The end of a weighing, and the records that were sent, of a scale that answers so."""
    options = dialog_06.Dialog06Options()
    scale = dialog_06.Dialog06Scale(options, Means(f"polynomial = {EXAMPLE_POLYNOMIAL:x}", lambda bits: 0xABCD))
    dialogue = scale.price(PriceRequest(Decimal("2.99")))
    sent, event = [], None
    while True:
        try:
            step = dialogue.send(event)
        except StopIteration as end:
            assert not answers, "each was asked for"
            return end.value, sent
        sent += [step.data] if step.wait_s and step.data else []
        event = answers.pop(0) if step.wait_s and step.data else None


@pytest.mark.parametrize(
    "late",
    [
        [records.StatusRead(0)],
        [records.StatusRead(20)],
        [RESULT],
        [records.ChecksumsJudged(is_valid=False)],
        [RESULT, records.ChecksumsJudged(is_valid=True)],
    ],
)
def test_dialog_06_late_answer_is_no_fault_of_the_secret(late: list[Any]) -> None:
    weighing, sent = dialogue_with([*late, records.Acknowledged(), RESULT])
    assert weighing.read == RESULT
    assert sent == [RECORD] * (len(late) + 1) + [b"\x04\x05"]


def test_dialog_06_status_that_ends_a_weighing_ends_it_also_unasked() -> None:
    weighing, _ = dialogue_with([records.StatusRead(32)])
    assert weighing.read.status is ScaleStatus.WEIGHT_OVERWEIGHT


def test_dialog_06_record_is_repeated_whatever_the_verdict() -> None:
    proof = [CHALLENGE, records.Acknowledged(), records.ChecksumsJudged(is_valid=False)]
    weighing, sent = dialogue_with([*proof, records.Acknowledged(), RESULT])
    assert weighing.read == RESULT
    assert sent.count(RECORD) == 2


def test_dialog_06_answers_that_do_not_fit_are_told_as_such_and_not_for_ever() -> None:
    with pytest.raises(DeviceError, match="to other questions than the one"):
        dialogue_with([RESULT] * 3)
    with pytest.raises(DeviceError, match="another vendor's secret"):
        dialogue_with([CHALLENGE, records.ChecksumsJudged(is_valid=False)] * 2 + [CHALLENGE])


@in_virtual_time
async def test_dialog_06_item_that_was_not_lifted_is_said_in_words() -> None:
    async with price_bench("scale/dialog-06", Dialog06Scale, **NO_SUMS) as bench:
        bench.scale.has_challenge, bench.scale.needs_lifting = False, True
        await bench.until_answering()
        bench.scale.put("1.000")
        await bench.calculate(unit_price="2.99")
        with pytest.raises(DeviceError, match="lift the item") as refused:
            await bench.calculate(unit_price="2.99")
        assert refused.value.is_retryable
        bench.scale.put("1.100")
        assert (await bench.calculate(unit_price="2.99"))["weight"] == "1.100"


@in_virtual_time
async def test_dialog_06_refused_price_is_the_askers_fault_and_sums_that_nobody_gave_are_not() -> None:
    async with price_bench("scale/dialog-06", Dialog06Scale, **NO_SUMS) as bench:
        await bench.until_answering()
        with pytest.raises(DeviceError, match='checksums = "none" is set'):
            await bench.calculate(unit_price="2.99")
        bench.scale.has_challenge, bench.scale.refusal = False, 11
        with pytest.raises(DeviceError, match="invalid unit price") as refused:
            await bench.calculate(unit_price="2.99")
        assert refused.value.code is ErrorCode.INVALID_REQUEST
        with pytest.raises(DeviceError, match="weighs only for a price"):
            await bench.driver.execute("read_weight", {})


UNSENDABLE: list[tuple[str, dict[str, str]]] = [
    (protocol, params)
    for protocol in PRICING
    for params in ({"unit_price": "2.999"}, {"unit_price": "99999999"}, {"tare": "12345.678"})
    if protocol != "scale/cas" or "unit_price" not in params  # which has its own price: none is sent
]


@pytest.mark.parametrize(("protocol", "params"), UNSENDABLE)
@in_virtual_time
async def test_price_that_cannot_be_sent_is_refused_in_words(protocol: str, params: dict[str, str]) -> None:
    make, settings = PRICING[protocol]
    async with price_bench(protocol, lambda link: without_challenge(make(link)), **settings) as bench:
        await bench.until_answering()
        with pytest.raises(DeviceError) as refused:
            await bench.calculate(**{"unit_price": "1.00", **params})
        assert refused.value.code is ErrorCode.INVALID_REQUEST


@in_virtual_time
async def test_cas_scale_computes_with_its_own_price_and_no_other_is_claimed() -> None:
    async with price_bench("scale/cas", CasScale) as bench:
        await bench.until_answering()
        bench.scale.put("1.235")
        assert (await bench.calculate())["price"] == "3.69"
        with pytest.raises(DeviceError, match=r"its own unit price 2\.99, not with 1\.99"):
            await bench.calculate(unit_price="1.99")


@in_virtual_time
async def test_l2_scale_that_only_answers_questions_is_understood() -> None:
    async with price_bench("scale/l2-mettler", L2MettlerScale) as bench:
        bench.scale.acknowledges = False
        await bench.until_answering()
        bench.scale.put("1.235")
        told = await bench.calculate(unit_price="2.99", tare="0.235")
    assert (told["weight"], told["net"], told["tare"], told["price"]) == ("1.000", True, "0.235", "2.99")


@in_virtual_time
async def test_tisa_scale_is_not_asked_without_a_reason() -> None:
    async with price_bench("scale/tisa", TisaScale) as bench:
        await bench.until_answering()
        weighings = bench.scale.counters["weighings"]
        bench.scale.put("1.235")
        assert (await bench.calculate(unit_price="2.99"))["price"] == "3.69"
        assert bench.scale.counters["weighings"] == weighings + 1
        await bench.until_told("not_ready")  # what was weighed is not shown for ever


WEIGHING: dict[str, MakeScale] = {"scale/epos1-berkel": Epos1BerkelScale, "scale/cas": CasScale}


@pytest.mark.parametrize("protocol", WEIGHING)
@in_virtual_time
async def test_scale_that_weighs_without_a_price_is_polled(protocol: str) -> None:
    async with price_bench(protocol, WEIGHING[protocol]) as bench:
        await bench.until_told("weight_zero", "0.000")
        bench.scale.put("1.235")
        await bench.until_told("stable_weight", "1.235")
        assert (await bench.driver.execute("read_weight", {}))["weight"] == "1.235"
        for trouble in ("motion", "over", "silent", "garbage", "half", "bad_check"):
            bench.scale.status = trouble
            expected = {"motion": "weight_unstable", "over": "weight_overweight"}.get(trouble, "no_answer")
            if trouble == "over" and protocol == "scale/epos1-berkel":
                expected = "not_ready"  # under or over, says the protocol
            await bench.until_told(expected)
            bench.scale.status = "stable"
            await bench.until_told("stable_weight", "1.235")


@in_virtual_time
async def test_epos_scale_is_believed_only_when_it_confirms_and_can_be_zeroed_and_tared() -> None:
    async with price_bench("scale/epos1-berkel", Epos1BerkelScale) as bench:
        bench.scale.put("0.150")
        await bench.until_told("stable_weight", "0.150")
        assert (await bench.driver.execute("tare", {}))["status"] == "weight_zero"
        bench.scale.put("0.400")
        await bench.until_told("stable_weight", "0.250")
        bench.scale.tare = bench.scale.gross * 0
        assert (await bench.driver.execute("zero", {}))["status"] == "weight_zero"
        bench.scale.refuses_echo = True
        await bench.until_told("no_answer")
        with pytest.raises(DeviceError, match="computes no price"):
            await bench.calculate(unit_price="1.00")
