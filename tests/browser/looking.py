"""What a person, or their screen reader, would complain of."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from threading import Event
from typing import Literal, TypeVar

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

V = TypeVar("V")
Open = Callable[..., Page]
"""Opens a screen in a browser of its own, signed in; see the fixture `open_page`."""

WIDTHS = (360, 1280)
thorough = Event()
"""Set in the long form of the tests."""
BETWEEN = 760
"""Where two columns have just become one, or tables cards: nothing may be too wide."""
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

_AXE = Axe().axe_script
# Style sheets need not be read beforehand: only a rule that axe itself calls an experiment does.
_OPTIONS = {"resultTypes": ["violations"], "preload": {"assets": ["media"]}}
_NO_CONTRASTS = {**_OPTIONS, "rules": {"color-contrast": {"enabled": False}}}
_CONTRASTS = {**_OPTIONS, "runOnly": ["color-contrast"]}


def to_take(views: Mapping[str, V], request: pytest.FixtureRequest) -> dict[str, V]:
    """
    Return of which views to take pictures: of all for the documents, and in a soak.

    Else of the first alone: what the others show is opened and looked at by tests of its own.
    """
    is_asked_for = request.config.getoption("--pictures") or thorough.is_set()
    return dict(list(views.items())[: None if is_asked_for else 1])


_STICKS_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 0.5)
    .slice(-2).map((one) => one.outerHTML.slice(0, 120)).join(" ")"""


def count_clicks(page: Page) -> None:
    """From now on count what the person clicks, on this page and those that it leads to."""
    count = "sessionStorage.clicks = Number(sessionStorage.clicks || 0) + 1"
    listen = f"addEventListener('click', event => {{ if (event.detail) {count} }}, true)"
    page.add_init_script(listen)
    page.evaluate(listen)


def clicks(page: Page) -> int:
    """Return how many clicks there were since `count_clicks`; keys are none."""
    return int(page.evaluate("Number(sessionStorage.clicks || 0)"))


def complaints(page: Page, part: str | None = None) -> list[str]:
    """
    Return what axe finds on a page, or *part* of it, and whether it is too wide.

    Of a page of WordPress's admin only the part below its bar and beside its menu is looked at.
    """
    return _violations(page, part, _OPTIONS) + _excess(page)


def complaints_of_both_schemes(page: Page) -> list[str]:
    """
    As `complaints`, in the light and in the dark colour scheme.

    Contrasts take axe six times as long as all its other rules. The long form asks for those of
    both schemes at every width; the short one, for pages that are looked at narrow and wide, for
    those of the light scheme where it is narrow, and of the dark one where it is wide.
    """
    size = page.viewport_size
    is_narrow = size is not None and size["width"] < BETWEEN
    with_light = thorough.is_set() or is_narrow
    found = _violations(page, None, _OPTIONS if with_light else _NO_CONTRASTS) + _excess(page)
    if thorough.is_set() or not is_narrow:
        wear(page, "dark")
        found += _violations(page, None, _CONTRASTS)
        wear(page, "light")
    return found


def complaints_of_structure(page: Page) -> list[str]:
    """As `complaints`, but of colours, which are looked at in another state of the page."""
    return _violations(page, None, _OPTIONS if thorough.is_set() else _NO_CONTRASTS) + _excess(
        page
    )


def complaints_of_contrasts(page: Page) -> list[str]:
    """Return where what is read does not stand out, in the colours that the page has now."""
    return _violations(page, None, _CONTRASTS)


def wear(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Let the page have a colour scheme, all its colours changed."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
        " document.getAnimations().forEach(animation => animation.finish()); done() })))"
    )


def complaints_at_every_width(
    page: Page, renew: Callable[[], None] | None = None, *, of_colors: bool = True
) -> list[str]:
    """
    Return what axe finds in both schemes at each of `WIDTHS`, and where the page is too wide.

    That is asked in both directions, and between the widths as well; axe, whose rules know
    neither, looks there only if it is to be `thorough`. *renew* lets the page be made for a width
    before it is looked at. Not *of_colors*: another test looks at the same page's.
    """
    look = complaints_of_both_schemes if of_colors else complaints_of_structure
    found = []
    for width in (*WIDTHS, BETWEEN):
        page.set_viewport_size({"width": width, "height": 800})
        if renew and (width in WIDTHS or thorough.is_set()):
            renew()
        new = look(page) if width in WIDTHS else _structure(page)
        if not _part_of_wordpress(page):  # which has other style sheets for the other direction
            page.evaluate("document.documentElement.dir = 'rtl'")
            new += _structure(page)
            page.evaluate("document.documentElement.dir = 'ltr'")
        found += [f"{width}: {complaint}" for complaint in new]
    return found


def picture_of(page: Page) -> bytes:
    """Take it as WebP, which Playwright's own way cannot: a third of the size."""
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    return b64decode(taken["data"])


def _structure(page: Page) -> list[str]:
    return (_violations(page, None, _NO_CONTRASTS) if thorough.is_set() else []) + _excess(page)


def _violations(page: Page, part: str | None, options: Mapping[str, object]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE)
    part = part or _part_of_wordpress(page)
    run = "([part, options]) => axe.run(part || document, options).then(r => r.violations)"
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in page.evaluate(run, [part, options])
        for node in violation["nodes"]
    ]


def _part_of_wordpress(page: Page) -> str | None:
    """Return where in WordPress's admin our part is; None on pages of our own."""
    part = "#wpbody-content"
    return part if page.locator(part).count() else None


def _excess(page: Page) -> list[str]:
    excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if excess <= 0:
        return []
    widest = page.evaluate(_STICKS_OUT)
    return [f"{excess} px wider than the window: {widest}"]
