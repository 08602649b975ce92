"""Parameters are of the type that their schema says: a text is no number, and neither is yes or no."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from edge_gateway.contracts.claims import ClaimParams, RenewParams
from edge_gateway.contracts.scanner_commands import LedParams, SetParameterParams


@pytest.mark.parametrize(
    ("model", "params"),
    [
        (LedParams, {"on": "yes"}),
        (LedParams, {"on": 1}),
        (ClaimParams, {"owner": "T3", "ttl_s": "5"}),
        (ClaimParams, {"owner": "T3", "ttl_s": True}),
        (ClaimParams, {"owner": "T3", "steal": "true"}),
        (RenewParams, {"ttl_s": "5"}),
        (SetParameterParams, {"parameter": 1, "value": 1, "permanent": "yes"}),
        (SetParameterParams, {"parameter": True, "value": 1}),
    ],
)
def test_parameters_of_another_type_are_refused(model: type[BaseModel], params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(params)


def test_parameters_of_their_type_are_taken() -> None:
    assert LedParams.model_validate({"on": True, "color": "red"}).on
    assert [ClaimParams.model_validate({"owner": "T3", "ttl_s": ttl_s}).ttl_s for ttl_s in (5, 5.5)] == [5.0, 5.5]
    assert SetParameterParams.model_validate({"parameter": "BEP", "value": 7}).value == 7
