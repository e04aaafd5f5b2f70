"""What a task costs a person: clicks on what is in sight, or the same by the keyboard alone."""

from typing import Literal

from playwright.sync_api import Locator, Page

Role = Literal["link", "button", "row"]


class Clicks:
    """Counts what is pressed on a page; typing is no click, nor is the Enter that ends it."""

    def __init__(self, page: Page, *, by_keyboard: bool = False) -> None:
        self.page = page
        self.number = 0
        self._by_keyboard = by_keyboard

    def on(self, role: Role, name: str) -> None:
        """Press what has this role and this name."""
        self.press(self.page.get_by_role(role, name=name, exact=True).first)

    def press(self, target: Locator) -> None:
        """Press one thing: by the mouse, or by Tab until it has the focus, then Enter."""
        self.number += 1
        if not self._by_keyboard:
            target.click()
            return
        self.reach(target)
        self.page.keyboard.press("Enter")

    def stand_in(self, field: Locator) -> None:
        """Stand in a field, to type there: that is no click."""
        if self._by_keyboard:
            self.reach(field)
        else:
            field.focus()

    def reach(self, target: Locator) -> None:
        """Go there by Tab, as somebody without a mouse does."""
        handle = target.element_handle()
        for _ in range(400):
            if handle.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no way by Tab to {target}")
