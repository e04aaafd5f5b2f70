"""What is kept of visitors' pages is bounded, in bytes and in age, and is of one site."""

from bridge.services.accounts.kept_fragments import MAX_AGE_S, Fragment, KeptFragments
from tests.support.site import IDS, SiteDatabase

BOT = IDS["bots"]["Support Bot"]
FRAGMENT = Fragment(b"x" * 4_000, "1", "en", "1", None, b"")


def test_what_is_kept_is_bounded_in_bytes(site: SiteDatabase) -> None:
    settings = site.bridge().site.get()
    kept = KeptFragments(max_bytes=50_000)
    for user in range(1, 100):
        kept.keep(settings, user, b"", FRAGMENT)
        kept.find(settings, 1, b"")
        assert kept.size <= 50_000

    assert kept.find(settings, 99, b"")
    assert kept.find(settings, 1, b""), "those that are asked for stay"
    assert kept.find(settings, 2, b"") is None
    kept.keep(settings, 100, b"q" * 50_000, FRAGMENT)
    assert kept.find(settings, 100, b"q" * 50_000) is None, "larger than all that may be kept"


def test_it_is_kept_for_a_minute(site: SiteDatabase) -> None:
    now = 1000.0
    settings = site.bridge().site.get()
    kept = KeptFragments(timer=lambda: now)
    kept.keep(settings, 1, b"", FRAGMENT)

    now += MAX_AGE_S - 1
    assert kept.find(settings, 1, b"") is FRAGMENT
    now += 1
    assert kept.find(settings, 1, b"") is None


def test_other_settings_forget_what_was_made_of_the_old_ones(site: SiteDatabase) -> None:
    reader = site.bridge().site
    kept, before = KeptFragments(), reader.get()
    kept.keep(before, 1, b"", FRAGMENT)
    reader.forget()
    assert reader.get() is before, "read again, and found equal"

    site.limit_chatbot(BOT, {"user_limit": 4})
    reader.forget()

    assert kept.find(reader.get(), 1, b"") is None
    kept.keep(reader.get(), 2, b"", FRAGMENT)
    assert kept.find(before, 1, b"") is None
