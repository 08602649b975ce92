"""Settings of a driver that speaks several protocols: its own keys, and beside them those of the protocol."""

from __future__ import annotations

import importlib
import keyword
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, Final, LiteralString, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from edge_gateway.contracts.fields import no_such_key

_PROTOCOL = re.compile(r"scale/([a-z0-9]+(?:-[a-z0-9]+)*)")

_KINDS: Final = frozenset[str](get_args(ErrorType))
"""Of problems that pydantic has; others are of validators that made their own."""

Kind = TypeVar("Kind")


class ProtocolSettings(BaseModel, ABC):
    """Every further key is a setting of the protocol (``unit`` ...); one that the protocol does not know is refused.

    All problems are told at once, of the driver's keys and of the protocol's, each at its own key.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    protocol: str = Field(description="Protocol the scale is set to, such as scale/toledo-8217.")

    @classmethod
    @abstractmethod
    def options_of(cls, protocol: str) -> type[BaseModel]:
        """The protocol's own settings. Raises ValueError for a name that is none of this driver's protocols."""

    def protocol_options(self) -> BaseModel:
        """The protocol's own settings, which were found right."""
        return self.options_of(self.protocol).model_validate(self.model_extra or {})

    @model_validator(mode="wrap")
    @classmethod
    def _tell_all(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        problems, made = list[InitErrorDetails](), None
        try:
            made = handler(data)
        except ValidationError as error:
            problems += map(_again, error.errors(include_url=False))
        if isinstance(data, Mapping) and isinstance(data.get("protocol"), str):
            problems += cls._problems_of_protocol(data["protocol"], data)
        if problems or made is None:
            raise ValidationError.from_exception_data(cls.__name__, problems)
        return made

    @classmethod
    def _problems_of_protocol(cls, protocol: str, data: Mapping[str, Any]) -> list[InitErrorDetails]:
        try:
            options = cls.options_of(protocol)
        except ValueError as error:
            return [InitErrorDetails(type=_in_words("protocol", str(error)), loc=("protocol",), input=protocol)]
        own = {key: value for key, value in data.items() if key not in cls.model_fields}
        try:
            options.model_validate(own)
        except ValidationError as error:
            known = {*cls.model_fields, *options.model_fields}
            return [_again(detail, known) for detail in error.errors(include_url=False)]
        return []


def find_protocol(name: str, attribute: str, kind: type[Kind], words: str) -> Kind:
    """``scale/toledo-8217`` is ``attribute`` of ``protocols.scales.toledo_8217``. Raises ValueError, for people.

    ``words``: what a protocol of this kind is spoken by, such as "a polled scale".
    """
    match = _PROTOCOL.fullmatch(name)
    if match is None:
        raise ValueError(f"protocol {name!r}; expected a name such as scale/toledo-8217")
    module_name = match[1].replace("-", "_")
    try:
        # A name that is a keyword of Python (scale/and) has an underscore behind it.
        module = importlib.import_module(
            f"protocols.scales.{module_name}{'_' if keyword.iskeyword(module_name) else ''}"
        )
    except ModuleNotFoundError:
        raise ValueError(f"protocol {name!r}: there is no such protocol; see docs/protocols") from None
    found = getattr(module, attribute, None)
    if not isinstance(found, kind):
        raise ValueError(f"protocol {name!r}: is not a protocol of {words}")
    return found


def _again(detail: Any, known: Iterable[str] = ()) -> InitErrorDetails:
    """A problem that pydantic told, to be told together with others. ``known``: the settings there are."""
    kind, place = detail["type"], detail["loc"]
    if kind == "extra_forbidden" and len(place) == 1:
        kind = _in_words("unknown_setting", no_such_key(place[0], known))
    elif kind not in _KINDS:
        kind = _in_words(kind, detail["msg"])
    return InitErrorDetails(type=kind, loc=place, input=detail["input"], ctx=detail.get("ctx", {}))


def _in_words(kind: LiteralString, words: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{words}", {"words": words})
