"""What a list of accounts is asked for: the words of `search`, `sort`, `order` and `filter`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.domain.errors import InvalidInputError
from bridge.domain.ids import whole_number
from bridge.domain.quotas import Module
from bridge.domain.sentences import Sentence

MAX_SEARCH = 100


class SortKey(StrEnum):
    """What accounts are sorted by."""

    NAME = "name"
    EMAIL = "email"
    BALANCE = "balance"
    USED_CHAT = "used_chat"
    USED_AI_FORMS = "used_ai_forms"
    USED_IMAGE_GENERATOR = "used_image_generator"
    LAST_PURCHASE_AT = "last_purchase_at"
    LAST_ACTIVITY_AT = "last_activity_at"


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts are wanted: those for which all of it holds."""

    search: str = ""
    has_balance: bool = False
    used_at_least: Mapping[Module, int] = field(default_factory=dict)
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """Which accounts, and in which order; ties go by user id."""

    filter: AccountFilter = AccountFilter()
    sort: SortKey = SortKey.NAME
    descending: bool = False


def parse_query(*, search: str, sort: str, order: str, filter_text: str) -> AccountQuery:
    """
    Return what the texts of a request ask for; an empty one takes the default.

    Raises:
        InvalidInputError: Names the text that cannot be read.
    """
    if sort and sort not in set(SortKey):
        raise InvalidInputError(f"sort: one of {', '.join(SortKey)}.")
    if order not in ("", "asc", "desc"):
        raise InvalidInputError("order: asc or desc.")
    wanted = parse_filter(search, [part for part in filter_text.split(",") if part.strip()])
    return AccountQuery(wanted, SortKey(sort or SortKey.NAME), order == "desc")


def parse_filter(search: str, parts: Sequence[str]) -> AccountFilter:
    """
    Return the filter that a search and the parts of a list say.

    Raises:
        InvalidInputError: Names the part that cannot be read.
    """
    if len(search) > MAX_SEARCH:
        raise InvalidInputError(Sentence("search: at most {most} characters.", most=MAX_SEARCH))
    has_balance, used, roles = False, dict[Module, int](), list[str]()
    for part in map(str.strip, parts):
        module, _, typed = part.removeprefix("used_").partition(">=")
        least = whole_number(typed)
        if part == "has_balance":
            has_balance = True
        elif part.startswith("role:") and 0 < len(part) - 5 <= 191:
            roles.append(part[5:])
        elif part.startswith("used_") and module in set(Module) and least is not None:
            used[Module(module)] = max(least, used.get(Module(module), 0))
        else:
            raise InvalidInputError(
                f"filter: “{part[:100]}” is no has_balance, used_{{module}}>=N or role:{{slug}}."
            )
    return AccountFilter(search.strip(), has_balance, used, tuple(roles))
