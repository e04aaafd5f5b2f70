"""What a person, or their screen reader, would complain of."""

from collections.abc import Callable, Mapping

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Open = Callable[..., Page]
"""Opens a screen in a browser of its own, signed in; see the fixture `open_page`."""

WIDTHS = (360, 1280)

_AXE = Axe().axe_script
# Style sheets need not be read beforehand: only a rule that axe itself calls an experiment does.
_NO_CONTRASTS = {"color-contrast": {"enabled": False}}
_OPTIONS = {"resultTypes": ["violations"], "preload": {"assets": ["media"]}}


def complaints(page: Page, part: str | None = None) -> list[str]:
    """Return what axe finds on a page, or *part* of it, and whether it is too wide."""
    return _violations(page, part, _OPTIONS) + _excess(page)


def complaints_either_way(page: Page) -> list[str]:
    """
    As `complaints`, of a page read from left to right, then from right to left.

    Contrasts, which take axe longer than all its other rules, are looked at once: no colour
    depends on the direction.
    """
    found = complaints(page)
    page.evaluate("document.documentElement.dir = 'rtl'")
    found += _violations(page, None, {**_OPTIONS, "rules": _NO_CONTRASTS}) + _excess(page)
    page.evaluate("document.documentElement.dir = 'ltr'")
    return found


def _violations(page: Page, part: str | None, options: Mapping[str, object]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    run = "([part, options]) => axe.run(part || document, options).then(r => r.violations)"
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in page.evaluate(run, [part, options])
        for node in violation["nodes"]
    ]


def _excess(page: Page) -> list[str]:
    excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return [f"{excess} px wider than the window"] if excess > 0 else []
