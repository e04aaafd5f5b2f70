"""README's picture: the Credits screen and a visitor's card of the demo, side by side."""

from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.waiting import wait_until

from .conftest import RunningDemo

WIDTH, HEIGHT = 1280, 720
_LEFT, _RIGHT = 1216, 404  # as wide as the screens are shown; both are made smaller
_CHART, _LIST, _CARD = 288, 780, 714
_SHEET = """
<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; width: {width}px; height: {height}px; overflow: hidden; box-sizing: border-box;
  display: flex; gap: 28px; padding: 28px; background: linear-gradient(#e8ebf7, #f3eef8); }}
img {{ display: block; border-radius: 12px; box-shadow: 0 6px 28px rgb(30 34 60 / .16); }}
div {{ display: grid; gap: 20px; align-content: start; }}
</style>
<div>{left}</div><div>{right}</div>
"""


def take_first_picture(chromium: Browser, demo: RunningDemo, path: Path) -> None:
    """Take it; both sides are of the same minute."""
    with chromium.new_context(viewport={"width": _LEFT + 64, "height": 2000}) as context:
        page = context.new_page()
        page.goto(demo.address("Credits"))
        page.wait_for_url(f"http://127.0.0.1:{demo.port}/**")
        page.locator(".overviews").wait_for()
        wait_until(lambda: _is_counted(page), "nobody counts", timeout_s=90)
        chart = _part(page, ".overviews", _CHART)
        accounts = _part(page, ".accounts", _LIST)
    with chromium.new_context(viewport={"width": _RIGHT + 32, "height": 2000}) as context:
        page = context.new_page()
        page.goto(demo.address("Ada Lovelace’s page"))
        card = _part(page, ".aipkit_token_usage_dashboard", _CARD)
    with chromium.new_context(viewport={"width": WIDTH, "height": HEIGHT}) as context:
        page = context.new_page()
        left = _image(chart, 820) + _image(accounts, 820)
        page.set_content(
            _SHEET.format(width=WIDTH, height=HEIGHT, left=left, right=_image(card, 376))
        )
        page.screenshot(path=path)


def _is_counted(page: Page) -> bool:
    page.reload()
    return page.get_by_text("Not counted yet").count() == 0


def _part(page: Page, selector: str, height: int) -> bytes:
    """Return a picture of the top of a part."""
    box = page.locator(selector).first.bounding_box()
    assert box
    return page.screenshot(
        clip={
            "x": box["x"],
            "y": box["y"],
            "width": box["width"],
            "height": min(height, box["height"]),
        }
    )


def _image(picture: bytes, width: int) -> str:
    return f'<img width="{width}" src="data:image/png;base64,{b64encode(picture).decode()}">'
