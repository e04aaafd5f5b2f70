"""While the bridge fails, a visitor sees their own last good fragment for ten minutes."""

import pytest

from .bridge_stand_in import Answer, BridgeStandIn
from .php_cli import quoted
from .site import WordPressSite
from .test_fail_soft import QUIET_LINE
from .visitor import Visitor

SERVER_ERROR = Answer("", status=500)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_the_last_good_fragment_is_shown_with_its_time(
    status: int, site: WordPressSite, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    assert "As of" not in alice.get(page_url).text
    age_kept_fragments(site, minutes=9)
    bridge.fixed_answer = Answer("", status=status)
    page = alice.get(page_url).text
    clock = site.wp_value("wp_date( get_option( 'time_format' ), time() - 9 * 60 )")
    a_minute_on = site.wp_value("wp_date( get_option( 'time_format' ), time() - 10 * 60 )")
    assert "has 1,234 tokens" in page
    assert f"As of {clock}" in page or f"As of {a_minute_on}" in page
    assert QUIET_LINE not in page


def test_a_fragment_older_than_ten_minutes_is_not_shown(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    alice.get(page_url)
    age_kept_fragments(site, minutes=11)
    bridge.fixed_answer = SERVER_ERROR
    page = alice.get(page_url).text
    assert "has 1,234 tokens" not in page
    assert QUIET_LINE in page


def test_the_kept_fragment_follows_the_numbers(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    alice.get(page_url)
    bridge.numbers = "99 tokens"
    alice.get(page_url)
    bridge.fixed_answer = SERVER_ERROR
    assert "has 99 tokens" in alice.get(page_url).text


def test_an_unchanged_fragment_is_not_written_again_at_once(
    site: WordPressSite, alice: Visitor, page_url: str
) -> None:
    alice.get(page_url)
    age_kept_fragments(site, seconds=30)
    before = kept_fragments(site)
    alice.get(page_url)
    assert kept_fragments(site) == before
    age_kept_fragments(site, seconds=60)
    before = kept_fragments(site)
    alice.get(page_url)
    assert kept_fragments(site) != before


def test_a_fragment_is_cleaned_once_while_it_does_not_change(
    site: WordPressSite, bridge: BridgeStandIn
) -> None:
    counted = site.wp_value("""( function () {
        wp_set_current_user( get_user_by( 'login', 'alice' )->ID );
        $cleanings = 0;
        add_filter( 'pre_kses', function ( $html ) use ( &$cleanings ) { ++$cleanings; return $html; } );
        $pages = array( do_shortcode( '[aipkit_token_usage]' ), do_shortcode( '[aipkit_token_usage]' ) );
        return array( $cleanings, $pages[0] === $pages[1] );
    } )()""")  # noqa: E501  # PHP
    assert counted == [1, True]
    assert len(bridge.calls) == 2


def test_what_others_write_where_fragments_are_kept_is_never_shown(
    site: WordPressSite, alice: Visitor, page_url: str
) -> None:
    alice.get(page_url)
    name, _ = kept_fragments(site)[0]
    site.wp_eval(
        f"""$kept = get_option( {quoted(str(name))} );
        $kept['html'] .= '<script>steal()</script>';
        update_option( {quoted(str(name))}, $kept );"""
    )
    page = alice.get(page_url).text
    assert "has 1,234 tokens" in page
    assert "steal()" not in page


def test_one_users_fragment_is_never_shown_to_another(
    alice: Visitor, bob: Visitor, guest: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    alice.get(page_url)
    bridge.fixed_answer = SERVER_ERROR
    for other in (bob, guest):
        page = other.get(page_url).text
        assert "has 1,234 tokens" not in page
        assert QUIET_LINE in page


def test_another_shortcodes_fragment_is_not_shown(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    alice.get(page_url)
    bridge.fixed_answer = SERVER_ERROR
    other = site.create_page('[aipkit_token_usage title="Other"]').url
    assert QUIET_LINE in alice.get(other).text


def test_guests_share_the_log_in_prompt(
    site: WordPressSite, guest: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    guest.get(page_url)
    bridge.fixed_answer = SERVER_ERROR
    with Visitor(site.url) as another_guest:
        assert 'class="aipkit-login-prompt"' in another_guest.get(page_url).text


def age_kept_fragments(site: WordPressSite, minutes: int = 0, seconds: int = 0) -> None:
    """Makes kept fragments look older than they are."""
    names = ", ".join(quoted(str(name)) for name, _ in kept_fragments(site))
    site.wp_eval(
        f"""foreach ( array( {names} ) as $name ) {{
            $kept = get_option( $name );
            $kept['at'] -= {minutes * 60 + seconds};
            update_option( $name, $kept );
        }}"""
    )


def kept_fragments(site: WordPressSite) -> list[tuple[object, ...]]:
    """The kept fragments as they are stored: names and values."""
    return site.sql(
        "SELECT option_name, option_value FROM wp_options WHERE option_name LIKE %s ORDER BY 1",
        "\\_transient\\_aipkit\\_bridge\\_fragment%",
    )
