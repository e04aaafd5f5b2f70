"""A real browser on the site, as a user who has logged in already."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from .visitor import Visitor

WIDE, NARROW = (1280, 900), (360, 780)


def open_page(
    browser: Browser,
    url: str,
    visitor: Visitor | None,
    size: tuple[int, int] = WIDE,
    scheme: str = "light",
    *,
    javascript: bool = True,
) -> Page:
    """Open a page in a window of its own; close its context afterwards."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=javascript,
    )
    if visitor is not None:
        host = urlsplit(url).hostname or ""
        context.add_cookies(
            [
                {"name": cookie.name, "value": cookie.value or "", "domain": host, "path": "/"}
                for cookie in visitor.http.cookies
            ]
        )
    page = context.new_page()
    page.goto(url)
    return page
