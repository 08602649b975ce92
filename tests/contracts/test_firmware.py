"""Versions as vendors write them have an order where they have one, and none where they do not."""

from __future__ import annotations

from itertools import pairwise

import pytest

from edge_gateway.contracts.firmware import VERSION_CHARS_MAX, FirmwareStatus, VersionRange, compare, judge

RISING = [
    ["1.9", "1.10", "1.10.1", "2"],
    ["2.0-dev", "2.0alpha1", "2.0-beta.2", "2.0rc1", "2.0rc2", "2.0", "2.0a", "2.0b", "2.0.1"],
    ["PAAABS00-006-R11", "PAAABS00-007-R00", "PAAABS00-007-R01", "PAAABS00-010-R00"],
    ["v1.2", "Ver. 1.3", "FW 1.4", "rev1.5"],
    ["20190101", "20231231"],
    ["610013244", "610013245"],
]
SAME = [("1.2", "1.2.0"), ("v1.2", "1.2"), ("1.02", "1.2"), ("paaabs00-007", "PAAABS00-007"), ("1_2", "1.2")]
UNRELATED = [("PAAABS00-007-R00", "PAABLS00-007-R00"), ("CAACFS00", "1.2"), ("", "1"), ("---", "1"), ("1" * 65, "1")]


@pytest.mark.parametrize("versions", RISING, ids=lambda versions: versions[0])
def test_versions_rise_as_their_makers_count(versions: list[str]) -> None:
    for older, newer in pairwise(versions):
        assert compare(older, newer) == -1, (older, newer)
        assert compare(newer, older) == 1, (older, newer)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_ways_to_write_a_version_are_the_same(one: str, other: str) -> None:
    assert compare(one, other) == compare(other, one) == 0


@pytest.mark.parametrize(("one", "other"), UNRELATED)
def test_versions_of_two_products_have_no_order(one: str, other: str) -> None:
    assert compare(one, other) is compare(other, one) is None
    assert VERSION_CHARS_MAX == 64


@pytest.mark.parametrize(
    ("text", "version", "expected"),
    [
        (">=1.2,<2", "1.10", True),
        (">=1.2,<2", "2.0", False),
        (">=1.2, <2", "1.1", False),
        ("1.2", "1.2.0", True),
        ("==1.2", "1.3", False),
        (">1.2", "1.2", False),
        ("<=1.2", "1.2", True),
        (">=PAAABS00-007-R00", "PAAABS00-010-R02", True),
        (">=PAAABS00-007-R00", "PAABLS00-010-R02", None),
    ],
)
def test_range_holds_what_it_says(text: str, version: str, expected: bool | None) -> None:
    assert VersionRange.parse(text).contains(version) is expected


@pytest.mark.parametrize("text", ["", ">=", "1.2,,3", "1<2", ">=x=1", "-"])
def test_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a version such as"):
        VersionRange.parse(text)


@pytest.mark.parametrize(
    ("reported", "minimum", "approved", "expected"),
    [
        ("1.2", None, (), None),
        ("1.2", "1.2", (), FirmwareStatus.APPROVED),
        ("1.1", "1.2", (), FirmwareStatus.BELOW_MINIMUM),
        ("1.1", "1.2", ("1.1",), FirmwareStatus.BELOW_MINIMUM),
        ("1.4", "1.2", ("1.3", ">=1.5"), FirmwareStatus.NOT_APPROVED),
        ("1.6", "1.2", ("1.3", ">=1.5"), FirmwareStatus.APPROVED),
        ("ABC-1", "1.2", (), FirmwareStatus.NOT_COMPARABLE),
        ("ABC-1", None, ("1.2",), FirmwareStatus.NOT_COMPARABLE),
        ("ABC-1", None, ("1.2", "ABC-1"), FirmwareStatus.APPROVED),
        (None, "1.2", (), FirmwareStatus.NOT_REPORTED),
        (" ", "1.2", (), FirmwareStatus.NOT_REPORTED),
        (12, "1.2", (), FirmwareStatus.APPROVED),
    ],
)
def test_firmware_is_judged_by_the_policy(
    reported: object, minimum: str | None, approved: tuple[str, ...], expected: FirmwareStatus | None
) -> None:
    assert judge(reported, minimum, approved) is expected


def test_only_what_the_policy_does_not_allow_is_drift() -> None:
    assert {status for status in FirmwareStatus if status.is_drift} == {
        FirmwareStatus.BELOW_MINIMUM,
        FirmwareStatus.NOT_APPROVED,
        FirmwareStatus.NOT_COMPARABLE,
        FirmwareStatus.OTHER_PROFILE,
    }
