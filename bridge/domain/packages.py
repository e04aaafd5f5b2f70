"""Which order lines are token packages, and what one unit of them grants (R1 to R3)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bridge.domain.ids import MAX_ORDER_CREDITS, Credits, LineId
from bridge.domain.orders import OrderLine
from bridge.domain.sentences import Sentence

_NUMBER = re.compile(r"\s*\+?[0-9]{1,40}(\.[0-9]{0,40})?([eE]\+?[0-9]{1,2})?\s*", re.ASCII)
_SHOWN = 40
"""Characters of a text that is no number."""


class Problem(StrEnum):
    """Why a line cannot be judged; the value is the `reason_code` in API and database."""

    BAD_AMOUNT = "bad_amount"
    PRODUCT_GONE = "product_gone"
    VARIATION_GONE = "variation_gone"
    BAD_QUANTITY = "bad_quantity"


@dataclass(frozen=True, slots=True)
class ProductMeta:
    """A product's or variation's two metas, as stored; None where there is none."""

    is_package: str | None
    amount: str | None


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """
    What a line is worth.

    Exactly one of three: a package (``unit_amount`` set), not a package (both None), or a line
    that may be one but cannot be judged (``problem`` set).
    """

    line: OrderLine
    unit_amount: Credits | None = None
    problem: Problem | None = None
    detail: str = ""

    @property
    def product_to_correct(self) -> int:
        """The product whose amount is wrong; 0: nothing can be put right there."""
        is_its_own = self.problem is Problem.BAD_AMOUNT and not self.line.own_amount
        return self.line.product_id if is_its_own else 0


def parse_amount(text: str) -> Credits | None:
    """
    Return the positive whole number in *text*, or None (`0`, `12.5`, `-3`, `abc`).

    Spreadsheets and importers write whole numbers as `25.0` and `1e3`, too.
    """
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text.strip())
    if not 0 < number <= MAX_ORDER_CREDITS or number != number.to_integral_value():
        return None
    return Credits(int(number))


@dataclass(frozen=True, slots=True)
class SoldProducts:
    """What the database says of the product that a line names."""

    product: ProductMeta | None  # None: neither shop nor database know it
    variation: ProductMeta | None = None  # None: the line has no variation, or it is gone
    variation_is_gone: bool = False
    never_was_one: bool = False  # the line names no product: somebody typed it in


def judge_line(line: OrderLine, sold: SoldProducts, *, frozen: Credits | None) -> JudgedLine:
    """
    Judge one line against today's product, unless its amount is frozen already.

    Args:
        line: The order line.
        sold: What it sold, as the database has it today.
        frozen: The amount kept since the line was first seen valid; it wins over all.
    """
    if frozen is not None:
        return _with_quantity(JudgedLine(line, unit_amount=frozen))
    if line.own_amount:
        return _with_amount(line, line.own_amount, _bad_own_amount(line, line.own_amount))
    product, variation = sold.product, sold.variation
    if sold.never_was_one:
        return JudgedLine(line)
    if product is None and variation is None:
        return JudgedLine(line, problem=Problem.PRODUCT_GONE, detail=_gone(line))
    if not _is_package(product, variation):
        return JudgedLine(line)
    if sold.variation_is_gone:
        return JudgedLine(line, problem=Problem.VARIATION_GONE, detail=_variation_gone(line))
    if variation is not None and variation.amount:
        trouble = _bad_amount_of_variation(line, variation.amount)
        return _with_amount(line, variation.amount, trouble)
    amount = (product.amount if product is not None else None) or ""
    return _with_amount(line, amount, _bad_amount_of_product(line, amount))


def _is_package(product: ProductMeta | None, variation: ProductMeta | None) -> bool:
    """Say whether a sale of it grants: the variation's own tick, if it has one, decides."""
    if variation is not None and variation.is_package in ("yes", "no"):
        return variation.is_package == "yes"
    return product is not None and product.is_package == "yes"


def _with_amount(line: OrderLine, text: str, trouble: Sentence) -> JudgedLine:
    """Judge a line by an amount as it is stored; *trouble*: what is said if that is none."""
    amount = parse_amount(text)
    if amount is not None:
        return _with_quantity(JudgedLine(line, unit_amount=amount))
    return JudgedLine(line, problem=Problem.BAD_AMOUNT, detail=trouble)


def _bad_own_amount(line: OrderLine, text: str) -> Sentence:
    return Sentence(
        "“{name}”: its order item has “{amount}”; nobody can change that there: credit the "
        "customer by hand, then dismiss this.",
        name=line.name,
        amount=text[:_SHOWN],
    )


def _bad_amount_of_variation(line: OrderLine, text: str) -> Sentence:
    return Sentence(
        "“{name}”: its variation has “{amount}”; enter a whole number of tokens above 0.",
        name=line.name,
        amount=text[:_SHOWN],
    )


def _bad_amount_of_product(line: OrderLine, text: str) -> Sentence:
    if not text:
        return Sentence(
            "“{name}”: its product has no amount; enter a whole number of tokens above 0.",
            name=line.name,
        )
    return Sentence(
        "“{name}”: its product has “{amount}”; enter a whole number of tokens above 0.",
        name=line.name,
        amount=text[:_SHOWN],
    )


def _with_quantity(judged: JudgedLine) -> JudgedLine:
    if judged.line.quantity is not None:
        return judged
    detail = Sentence(
        "“{name}”: its quantity is no whole number; credit it by hand.", name=judged.line.name
    )
    return JudgedLine(judged.line, problem=Problem.BAD_QUANTITY, detail=detail)


def _gone(line: OrderLine) -> str:
    return Sentence(
        "“{name}”: its product was deleted, so nobody can say whether it was a token "
        "package; credit the customer by hand if it was, then dismiss this.",
        name=line.name,
    )


def _variation_gone(line: OrderLine) -> str:
    return Sentence(
        "“{name}”: the variation that was sold was deleted, and its number of tokens "
        "with it; credit the customer by hand, then dismiss this.",
        name=line.name,
    )


def amounts_of(judged: tuple[JudgedLine, ...]) -> dict[LineId, Credits]:
    """Return the unit amounts of the lines that are packages."""
    return {j.line.line_id: j.unit_amount for j in judged if j.unit_amount is not None}
