"""What a person, or their screen reader, would complain of."""

from collections.abc import Callable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Open = Callable[..., Page]
"""Opens a screen in a browser of its own, signed in; see the fixture `open_page`."""

WIDTHS = (360, 1280)

_AXE = Axe().axe_script
# Style sheets need not be read beforehand: only a rule that axe itself calls an experiment does.
_OPTIONS = {"resultTypes": ["violations"], "preload": {"assets": ["media"]}}


def complaints(page: Page, part: str | None = None) -> list[str]:
    """Return what axe finds on a page, or *part* of it, and whether it is too wide."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    run = "([part, options]) => axe.run(part || document, options).then(r => r.violations)"
    found = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in page.evaluate(run, [part, _OPTIONS])
        for node in violation["nodes"]
    ]
    excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if excess > 0:
        found.append(f"{excess} px wider than the window")
    return found
