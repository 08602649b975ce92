"""Params of a request, checked, with every problem told."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.fields import in_words

ParamsT = TypeVar("ParamsT", bound=BaseModel)


def read_params(model: type[ParamsT], request: Request, without: tuple[str, ...] = ()) -> ParamsT:
    """Raises RequestError(INVALID_REQUEST)."""
    try:
        return model.model_validate({key: value for key, value in request.params.items() if key not in without})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {in_words(each)}" for each in found)
    raise RequestError(ErrorCode.INVALID_REQUEST, f"{request.name}: {problems}")
