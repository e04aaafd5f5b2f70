"""Links of a fragment: to the visitor's own page, with something else open on it."""

from dataclasses import dataclass

from bridge.domain.quotas import Context

_PAGE_ARGUMENTS = frozenset(
    {"aipkit_page", "aipkit_history", "aipkit_activity", "aipkit_activity_page"}
)

FIRST_PAGE = "1"


@dataclass(frozen=True, slots=True)
class Links:
    """
    Addresses made from that of the visitor's page.

    Arguments of the fragment in it are dropped, those of others stay. The anchors are the ids
    of the parts they lead to.
    """

    page_url: str
    days_anchor = "aipkit-days"
    usage_anchor = "aipkit-usage"
    activity_anchor = "aipkit-recent-activity"
    history_anchor = "aipkit-purchase-history"

    def usage(self) -> str:
        """Return the address of the page with nothing open."""
        return self._with("", self.usage_anchor)

    def activity(self, context: Context, page: str = FIRST_PAGE) -> str:
        """Return the address of a context's recent activity, as `context_in` reads it."""
        bot = "" if context.bot_id is None else f"-{context.bot_id}"
        number = f"&aipkit_activity_page={page}" if page != FIRST_PAGE else ""
        return self._with(f"aipkit_activity={context.module}{bot}{number}", self.activity_anchor)

    def history(self, page: str) -> str:
        """Return the address of a page of the purchase history."""
        return self._with(f"aipkit_page={page}", self.history_anchor)

    def _with(self, arguments: str, anchor: str) -> str:
        address, _, query = self.page_url.partition("#")[0].partition("?")
        kept = [part for part in query.split("&") if part.partition("=")[0] not in _PAGE_ARGUMENTS]
        together = "&".join(filter(None, [*kept, arguments]))
        return f"{address}?{together}#{anchor}" if together else f"{address}#{anchor}"
