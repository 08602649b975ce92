"""Jinja with everything bounded: a template is a site's own program, and it runs inside the gateway.

What a template may use is a list of what is allowed. Its steps, its output and its time end at limits, and no text or
number grows beyond one. ``{{ value }}`` writes the value as JSON: no text of a till becomes part of a document's
structure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from jinja2 import BaseLoader, StrictUndefined, Template, nodes, pass_context
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

STEPS_MAX: Final = 20_000
"""Rounds of loops, calls and includes of one document: forty for each of the most elements that a document has."""
OUTPUT_CHARACTERS_MAX: Final = 262_144
"""A request on the bus has no more, and the document would be refused."""
TIME_MAX_S: Final = 1.0
"""Of the processor, in the thread that writes: a busy box is no fault of a template. The packaged receipt of 40 lines
takes 10 ms."""
TEXT_CHARACTERS_MAX: Final = 20_000
"""Of one text between two steps: what a whole document may hold. Lists have as many items at most."""
NUMBER_MAX: Final = 10**24
RANGE_MAX: Final = 1_000

_FILTERS: Final = frozenset(
    {"abs", "default", "first", "float", "groupby", "int", "items", "last", "length", "list", "map", "max", "min"}
    | {"reject", "rejectattr", "reverse", "select", "selectattr", "sort", "unique"}
)
_TEXT_FILTERS: Final = frozenset({"capitalize", "lower", "title", "trim", "upper"})
_TESTS: Final = frozenset(
    {"boolean", "defined", "divisibleby", "eq", "equalto", "even", "false", "ge", "gt", "in", "le", "lt", "mapping"}
    | {"ne", "none", "number", "odd", "sequence", "string", "true", "undefined", "==", "!=", "<", "<=", ">", ">="}
)
_TEXT_METHODS: Final = frozenset({"startswith", "endswith", "strip", "split", "upper", "lower", "removeprefix"})
_TABLE_METHODS: Final = frozenset({"get", "items", "keys", "values"})


class TemplateLimitError(Exception):
    """A template reached one of the limits above."""


class _Budget:
    """Steps and time of one document."""

    def __init__(self) -> None:
        self._steps = STEPS_MAX
        self._ends_at = time.thread_time() + TIME_MAX_S

    def spend(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise TemplateLimitError(f"more than {STEPS_MAX} rounds of loops and calls")
        if time.thread_time() > self._ends_at:
            raise TemplateLimitError(f"more than {TIME_MAX_S} s of computing")

    def counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.spend()
            yield item


class _Compiled(BytecodeCache):
    """Templates as Python has compiled them, which takes ten times as long as to run them. A file that changes is
    compiled again; there are as many as there are files."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (code := self._codes.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


_COMPILED: Final = _Compiled()


class _Counted(NodeTransformer):
    """Every loop counts its rounds, and texts are joined within their limit."""

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "counted", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "join", [], [], None, None, lineno=node.lineno)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Made anew for each document: it holds its budget."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, loader: BaseLoader, filters: Mapping[str, Callable[..., Any]]) -> None:
        self._budget = _Budget()
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=True,  # tells what a macro has written from text that is yet to be written as JSON
            finalize=_as_json,
            trim_blocks=True,
            lstrip_blocks=True,
            bytecode_cache=_COMPILED,
            optimized=False,  # {{ "total" | word }} is another word in each language
        )
        builtin = self.filters
        self.filters = {name: builtin[name] for name in _FILTERS}
        self.filters |= {name: _of_text(builtin[name]) for name in _TEXT_FILTERS}
        self.filters |= {"join": _join, "replace": _replace, "sum": _sum, "counted": self._budget.counted, **filters}
        self.tests = {name: each for name, each in self.tests.items() if name in _TESTS}
        self.globals = {"namespace": Namespace, "range": _range}

    def written(self, name: str, data: Mapping[str, Any]) -> str:
        """What the template writes. Raises TemplateLimitError, and what Jinja raises."""
        pieces, size = [], 0
        for piece in self.get_template(name).generate(data):
            size += len(piece)
            if size > OUTPUT_CHARACTERS_MAX:
                raise TemplateLimitError(f"more than {OUTPUT_CHARACTERS_MAX} characters written")
            pieces.append(piece)
        return "".join(pieces)

    def get_template(self, name: str | Template, *args: Any, **kwargs: Any) -> Template:
        self._budget.spend()
        return super().get_template(name, *args, **kwargs)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend()
        return super().call(context, obj, *args, **kwargs)

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, Macro) or obj is Namespace or obj is _range:
            return True
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str):
            return name in _TEXT_METHODS
        return isinstance(owner, Mapping) and name in _TABLE_METHODS

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if _is_number(left) and _is_number(right) and operator != "**":
            result = super().call_binop(context, operator, left, right)
            if abs(result) > NUMBER_MAX:
                raise TemplateLimitError(f"a number above {NUMBER_MAX}")
            return result
        if operator == "+" and isinstance(left, list) and isinstance(right, list):
            if len(left) + len(right) > TEXT_CHARACTERS_MAX:
                raise TemplateLimitError(f"a list of more than {TEXT_CHARACTERS_MAX} items")
            return left + right
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return _join([left, right])
        if operator == "**":
            raise SecurityError("** is not allowed here: multiply, or give the number in the data")
        raise SecurityError(f"{operator} is for numbers here, not for {_kind(left)} and {_kind(right)}; ~ joins text")

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template: nodes.Template = _Counted().visit(super()._parse(source, name, filename))
        return template


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


def _kind(value: Any) -> str:
    return type(value).__name__


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if _is_number(value):
        return str(value)
    raise TypeError(f"expected text or a number, not {'null' if value is None else _kind(value)}")


def _of_text(builtin: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of Jinja's that makes text of anything: only of what is text."""
    return lambda value: builtin(_text_of(value))


def _join(parts: Iterable[Any], separator: str = "") -> str:
    texts = [_text_of(part) for part in parts]
    if sum(map(len, texts)) + len(separator) * len(texts) > TEXT_CHARACTERS_MAX:
        raise TemplateLimitError(f"a text of more than {TEXT_CHARACTERS_MAX} characters")
    return separator.join(texts)


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise ValueError("replace: what is to be replaced is empty")
    return _join(_text_of(text).split(old), new)


def _sum(values: Iterable[Any], attribute: str | None = None) -> Any:
    items = [item[attribute] for item in values] if attribute is not None else list(values)
    return sum(Decimal(_text_of(item)) for item in items)


def _range(*ends: int) -> range:
    counted = range(*ends)
    if len(counted) > RANGE_MAX:
        raise TemplateLimitError(f"range of {len(counted)}; at most {RANGE_MAX}")
    return counted


@pass_context  # so that Jinja does not write constants by itself
def _as_json(context: Context, value: Any) -> Any:
    """``{{ value }}``: JSON, but for what a macro or an include has written."""
    if isinstance(value, Markup):
        return value
    pieces, size = [], 0
    for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value):
        size += len(piece)
        if size > OUTPUT_CHARACTERS_MAX:
            raise TemplateLimitError(f"more than {OUTPUT_CHARACTERS_MAX} characters written")
        pieces.append(piece)
    return Markup("".join(pieces))
