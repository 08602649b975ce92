"""What must agree within a transaction. Every disagreement is listed, not only the first.

With *due* for ``totals.gross``, *D* for the discounts on the whole and ``d`` for the minor digits of the currency:

1. No amount has more than ``d`` digits after the point.
2. ``line.total`` = quantity x unit_price - its discounts, rounded half up to ``d`` digits. The discounts of a line lie
   between nothing and the line's amount; D between nothing and the sum of the lines.
3. Line numbers are unique. A tax code stands once in ``taxes``, with the rate that its lines have; every line's code is
   there. The amount a rate gives is the POS's affair (rounding is national law); the sums are ours.
4. ``taxes[code].amount`` = sum of the tax of its lines; ``totals.tax`` = sum of ``taxes``.
5. ``totals.discount`` = discounts of the lines + D.
6. Prices with tax: ``gross`` = sum of the lines - D. Prices without: ``gross`` = sum of the lines - D + tax.
   Either way ``net`` = gross - tax.
7. ``taxes[code].base`` = sum of its lines without tax (``total`` - tax where prices include it). With D above zero the
   POS divides D over the codes: then no base exceeds its lines, and if every line is taxed the bases sum up to ``net``.
8. ``totals.tendered`` = sum of the tenders, but not those that failed, nor those that were refunded within a sale.
   ``change`` = tendered - gross where that is above zero, else nothing. A payment that is ``completed`` or ``refunded``
   covers what is due; ``pending``, ``partially_paid`` and ``failed`` may fall short.
9. Refund, return and void name their original, and not themselves. Sale, return and exchange have lines. A no_sale has
   neither lines nor tenders. A refund, void, paid_in or paid_out without lines has gross = net = tendered.
10. ``completed_at`` is not before ``started_at``.

Refunds may be written either way round: with quantities, discounts and amounts below zero, or all above zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from edge_gateway.contracts.money import MINOR_DIGITS, amount_text, fraction_digits, round_half_up

if TYPE_CHECKING:
    from edge_gateway.contracts.transaction import Line, Tender, Transaction

ZERO: Final = Decimal(0)
_NAME_ORIGINAL: Final = frozenset({"refund", "return", "void"})
_HAVE_LINES: Final = frozenset({"sale", "return", "exchange"})
_PAID: Final = frozenset({"completed", "refunded"})


def disagreements(transaction: Transaction) -> list[str]:
    """Empty: all agrees."""
    problems = [*_digits(transaction), *_references(transaction)]
    for index, line in enumerate(transaction.lines):
        problems += _line(line, f"lines[{index}]", MINOR_DIGITS[transaction.currency])
    problems += [*_taxes(transaction), *_totals(transaction)]
    return problems


def _digits(transaction: Transaction) -> Iterator[str]:
    digits = MINOR_DIGITS[transaction.currency]
    for where, amount in _amounts(transaction):
        if fraction_digits(amount) > digits:
            yield f"{where}: {transaction.currency} has {digits} digits after the point, not {fraction_digits(amount)}"


def _amounts(transaction: Transaction) -> Iterator[tuple[str, Decimal]]:
    for index, line in enumerate(transaction.lines):
        yield f"lines[{index}].unit_price", line.unit_price
        yield f"lines[{index}].total", line.total
        if line.tax is not None:
            yield f"lines[{index}].tax.amount", line.tax.amount
        for number, discount in enumerate(line.discounts):
            yield f"lines[{index}].discounts[{number}].amount", discount.amount
    for index, discount in enumerate(transaction.discounts):
        yield f"discounts[{index}].amount", discount.amount
    for index, tax in enumerate(transaction.taxes):
        yield f"taxes[{index}].base", tax.base
        yield f"taxes[{index}].amount", tax.amount
    for index, tender in enumerate(transaction.tenders):
        yield f"tenders[{index}].amount", tender.amount
    for name in ("gross", "net", "tax", "discount", "tendered", "change"):
        yield f"totals.{name}", getattr(transaction.totals, name)


def _references(transaction: Transaction) -> Iterator[str]:
    kind, original = transaction.type.value, transaction.original_transaction_id
    if kind in _NAME_ORIGINAL and original is None:
        yield f"original_transaction_id: a {kind} names its original"
    if original == transaction.transaction_id:
        yield "original_transaction_id: is the transaction itself"
    if kind in _HAVE_LINES and not transaction.lines:
        yield f"lines: a {kind} has at least one"
    if kind == "no_sale" and (transaction.lines or transaction.tenders):
        yield "lines, tenders: a no_sale has none"
    if _instant(transaction.completed_at) < _instant(transaction.started_at):
        yield "completed_at: is before started_at"
    if len({line.line_number for line in transaction.lines}) < len(transaction.lines):
        yield "lines: a line_number stands twice"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _line(line: Line, where: str, digits: int) -> Iterator[str]:
    discount = sum((part.amount for part in line.discounts), ZERO)
    full = line.quantity * line.unit_price
    expected = round_half_up(full - discount, digits)
    if line.total != expected:
        product = f"{line.quantity:f} x {line.unit_price:f} - {discount:f}"
        yield f"{where}.total: {product} is {amount_text(expected, digits)}, not {line.total:f}"
    rounded = round_half_up(full, digits)
    for part in [*(part.amount for part in line.discounts), discount]:
        if not _is_within(part, rounded):
            yield f"{where}.discounts: must lie between 0 and the line's amount of {amount_text(rounded, digits)}"
            break


def _is_within(part: Decimal, whole: Decimal) -> bool:
    return min(whole, ZERO) <= part <= max(whole, ZERO)


def _taxes(transaction: Transaction) -> Iterator[str]:
    """Rules 3, 4 and 7."""
    digits = MINOR_DIGITS[transaction.currency]
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    bases: dict[str, Decimal] = defaultdict(Decimal)
    rates = {tax.code: tax.rate for tax in transaction.taxes}
    for index, line in enumerate(transaction.lines):
        if line.tax is None:
            continue
        code = line.tax.code
        amounts[code] += line.tax.amount
        bases[code] += line.total - line.tax.amount if transaction.prices_include_tax else line.total
        if code in rates and rates[code] != line.tax.rate:
            yield f"lines[{index}].tax.rate: {line.tax.rate:f}, but taxes has {rates[code]:f} for {code}"
    for code in amounts.keys() - rates.keys():
        yield f"taxes: {code} is missing, with {amount_text(amounts[code], digits)} on the lines"
    if len(rates) < len(transaction.taxes):
        yield "taxes: a code stands twice"
    is_discounted = bool(transaction.discounts)
    for index, tax in enumerate(transaction.taxes):
        if tax.amount != amounts[tax.code]:
            expected = amount_text(amounts[tax.code], digits)
            yield f"taxes[{index}].amount: the lines have {expected} for {tax.code}, not {tax.amount:f}"
        base = bases[tax.code]
        if (is_discounted and not _is_within(tax.base, base)) or (not is_discounted and tax.base != base):
            expected = f"{'at most ' if is_discounted else ''}{amount_text(base, digits)}"
            yield f"taxes[{index}].base: the lines have {expected} for {tax.code}, not {tax.base:f}"
    is_all_taxed = bool(transaction.lines) and all(line.tax is not None for line in transaction.lines)
    sum_of_bases = sum((tax.base for tax in transaction.taxes), ZERO)
    if is_discounted and is_all_taxed and sum_of_bases != transaction.totals.net:
        yield f"taxes: the bases sum up to {amount_text(sum_of_bases, digits)}, net is {transaction.totals.net:f}"


def _totals(transaction: Transaction) -> Iterator[str]:
    """Rules 5, 6, 8, and the discounts on the whole of rule 2."""
    digits, totals = MINOR_DIGITS[transaction.currency], transaction.totals
    sum_of_lines = sum((line.total for line in transaction.lines), ZERO)
    on_lines = sum((part.amount for line in transaction.lines for part in line.discounts), ZERO)
    on_whole = sum((part.amount for part in transaction.discounts), ZERO)
    if not all(_is_within(part, sum_of_lines) for part in [*(part.amount for part in transaction.discounts), on_whole]):
        yield f"discounts: must lie between 0 and the sum of the lines, {amount_text(sum_of_lines, digits)}"
    tax = sum((part.amount for part in transaction.taxes), ZERO)
    tendered = sum((part.amount for part in transaction.tenders if _counts(part, transaction)), ZERO)
    is_without_lines = not transaction.lines and transaction.type.value not in _HAVE_LINES | {"no_sale"}
    if is_without_lines:
        gross = tendered
    else:
        gross = sum_of_lines - on_whole + (ZERO if transaction.prices_include_tax else tax)
    change = max(tendered - gross, ZERO)
    expectations = {
        "gross": (gross, "the tenders" if is_without_lines else "lines, discounts and taxes"),
        "net": (gross - tax, "gross - tax"),
        "tax": (tax, "the taxes"),
        "discount": (on_lines + on_whole, "the discounts"),
        "tendered": (tendered, "the tenders that count"),
        "change": (change, "tendered - gross"),
    }
    for name, (expected, source) in expectations.items():
        found: Decimal = getattr(totals, name)
        if found != expected:
            yield f"totals.{name}: {source} give {amount_text(expected, digits)}, not {found:f}"
    if transaction.payment_status.value in _PAID and tendered < gross:
        yield (
            f"payment_status: {transaction.payment_status.value}, but {amount_text(gross - tendered, digits)} "
            f"of {amount_text(gross, digits)} is not tendered"
        )


def _counts(tender: Tender, transaction: Transaction) -> bool:
    if tender.status.value == "refunded":
        is_reversal = transaction.type.value in _NAME_ORIGINAL | {"paid_out", "exchange"}
        return is_reversal or transaction.payment_status.value == "refunded"
    return tender.status.value != "failed"
