"""What visitors see where a page has the shortcode, and what the bridge is asked."""

import re

from .bridge_stand_in import Answer, BridgeStandIn
from .site import WordPressSite
from .test_last_good_fragment import kept_fragments
from .visitor import Visitor


def test_a_customer_sees_what_the_bridge_answers(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    page = alice.get(page_url)
    assert page.status_code == 200
    assert f"User {bridge.calls[0].claims['sub']} has 1,234 tokens" in page.text


def test_the_token_names_site_user_and_purpose_for_a_minute(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    alice.get(page_url)
    claims = bridge.calls[0].claims
    assert claims["sub"] == str(site.wp_value("get_user_by( 'login', 'alice' )->ID"))
    assert (claims["iss"], claims["aud"], claims["scope"]) == (
        site.url,
        "aipkit-bridge",
        "fragment",
    )
    assert 0 < claims["exp"] - claims["iat"] <= 120


def test_a_guest_gets_the_log_in_prompt_that_leads_back_to_the_page(
    guest: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    page = guest.get(page_url)
    assert bridge.calls[0].claims["sub"] == "0"
    assert 'class="aipkit-login-prompt"' in page.text
    link = re.search(r'class="aipkit-login-prompt"><a href="([^"]+)"', page.text)
    assert link is not None
    assert page_url.replace(":", "%3A").replace("/", "%2F") in link[1]


def test_every_attribute_reaches_the_bridge(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    shortcode = (
        '[aipkit_token_usage chatbot="false" aiforms="true" imagegenerator="no" buycredits="1"'
        ' purchasehistory="FALSE" title="Tokens &amp; more" intro="Ünal\'s own"'
        ' buycreditslabel="Buy" buycreditsurl="/shop/?a=1&amp;b=2"]'
    )
    page = site.create_page(shortcode)
    alice.get(page.url)
    assert bridge.calls[0].query == {
        "chatbot": "false",
        "aiforms": "true",
        "imagegenerator": "false",
        "buycredits": "true",
        "purchasehistory": "false",
        "title": "Tokens & more",
        "intro": "Ünal's own",
        "buycreditslabel": "Buy",
        "buycreditsurl": "/shop/?a=1&b=2",
        "locale": "en_US",
        "login_url": f"{site.url}/wp-login.php?redirect_to="
        + page.url.replace(":", "%3A").replace("/", "%2F"),
        "page_url": page.url,
    }


def test_what_the_author_did_not_write_is_left_to_the_bridge(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    alice.get(page_url)
    assert set(bridge.calls[0].query) == {"locale", "login_url", "page_url"}


def test_page_and_history_of_the_address_are_passed_on(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    alice.get(page_url + "?aipkit_page=3&aipkit_history=1&utm=x")
    query = bridge.calls[0].query
    assert (query["aipkit_page"], query["aipkit_history"]) == ("3", "1")
    assert query["page_url"] == page_url


def test_what_activity_is_open_is_passed_on(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    for name in ("chat-22", "ai_forms", "image_generator"):
        alice.get(f"{page_url}?aipkit_activity={name}&aipkit_activity_page=2")
        query = bridge.calls[-1].query
        assert (query["aipkit_activity"], query["aipkit_activity_page"]) == (name, "2")
        assert query["page_url"] == page_url


def test_a_guest_has_no_pages(guest: Visitor, bridge: BridgeStandIn, page_url: str) -> None:
    guest.get(f"{page_url}?aipkit_page=2&aipkit_activity=ai_forms&aipkit_activity_page=2")
    assert set(bridge.calls[0].query) == {"locale", "login_url", "page_url"}


def test_an_open_activity_is_kept_for_its_own_user_and_place(
    alice: Visitor, bob: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    address = f"{page_url}?aipkit_activity=ai_forms"
    alice.get(address)
    bridge.fixed_answer = Answer("", status=401)
    assert "has 1,234 tokens" in alice.get(address).text
    assert "has 1,234 tokens" not in alice.get(page_url).text
    assert "has 1,234 tokens" not in bob.get(address).text


def test_nonsense_in_the_address_is_not_passed_on(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    pages = ("=0", "=-1", "=2x", "[]=2", "=100000")
    places = ("", "chat", "chat-0", "chat-2x", "ai_forms-2", "<script>")
    addresses = [f"?aipkit_page{page}&aipkit_activity_page{page}" for page in pages]
    addresses += [f"?aipkit_activity={place}" for place in places]
    for address in (*addresses, "?aipkit_activity[]=ai_forms"):
        alice.get(page_url + address + "&aipkit_history=2")
        assert set(bridge.calls[-1].query) == {"locale", "login_url", "page_url"}, address
    assert len(bridge.calls) == 12


def test_the_page_may_not_be_kept_by_any_cache(alice: Visitor, page_url: str) -> None:
    assert "no-store" in alice.get(page_url).headers["Cache-Control"]


def test_caching_plugins_are_told_too(site: WordPressSite, page_url: str) -> None:
    page_id = site.wp_value(f"url_to_postid( '{page_url}' )")
    php = f"do_shortcode( get_post( {page_id} )->post_content ); echo DONOTCACHEPAGE ? 'yes' : '';"
    assert site.wp_eval(php) == "yes"


def test_only_pages_with_the_shortcode_load_its_style(
    site: WordPressSite, guest: Visitor, page_url: str
) -> None:
    other = site.create_page("Nothing here", title="Other")
    style = f"{site.url}/wp-content/plugins/aipkit-bridge/assets/fragment.css"
    assert style in guest.get(page_url).text
    assert style not in guest.get(other.url).text
    assert guest.get(style).headers["Content-Type"].startswith("text/css")


def test_a_feed_shows_nobodys_numbers(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    site.wp_eval(
        "wp_insert_post( array( 'post_title' => 'News', 'post_status' => 'publish',"
        " 'post_content' => 'Look: [aipkit_token_usage]' ) );"
    )
    feed = alice.get("/feed/")
    assert "Look:" in feed.text
    assert bridge.calls == []


def test_a_script_in_the_fragment_never_reaches_the_page(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.dashboard = (
        '<section class="aipkit_token_usage_dashboard" onclick="steal()"><script>steal()</script>'
        '<a href="javascript:steal()">x</a><img src="x" onerror="steal()">{title}{numbers}'
        '<iframe src="/"></iframe></section>'
    )
    page = alice.get(page_url).text
    fragment = page[page.index("aipkit_token_usage_dashboard") :]
    fragment = fragment[: fragment.index("</section>")]
    assert "has 1,234 tokens" in fragment
    for forbidden in ("<script", "onclick", "onerror", "javascript:", "<img", "<iframe"):
        assert forbidden not in fragment


def test_a_script_in_a_title_is_taken_out(
    site: WordPressSite, alice: Visitor, bridge: BridgeStandIn
) -> None:
    page = site.create_page(
        '[aipkit_token_usage title="&lt;script&gt;steal()&lt;/script&gt;Tokens"]'
    )
    text = alice.get(page.url).text
    assert "<script>steal()" in bridge.calls[0].query["title"]
    assert "<script>steal()" not in text
    assert "Tokens<p>User" in text.replace("</p>\n", "")


def test_the_fragment_keeps_the_markup_it_is_made_of(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    markup = (
        '<section class="aipkit_token_usage_dashboard" id="aipkit" lang="tr" dir="ltr"'
        ' aria-labelledby="aipkit-title" data-aipkit-details="/x">'
        '<header class="aipkit_token_usage_header"><h2 id="aipkit-title">Tokens</h2></header>'
        '<table class="aipkit_usage_table"><caption>Usage</caption><thead><tr>'
        '<th scope="col">Module</th></tr></thead><tbody><tr><td colspan="2">'
        '<div class="aipkit_progress_bar_container" role="progressbar" aria-valuenow="40"'
        ' aria-valuemin="0" aria-valuemax="100" aria-label="Used">'
        '<span class="aipkit_progress_bar_filled" style="width:40%"></span></div>'
        '<progress value="4" max="10">40%</progress></td></tr></tbody></table>'
        "<dl><dt>Balance</dt><dd><strong>5</strong> <em>all</em> <small>own</small></dd></dl>"
        '<details open><summary>History</summary><ul><li><time datetime="2026-01-02">2 Jan'
        '</time></li></ul></details><button type="button" hidden>Show</button>'
        '<nav aria-label="Pages"><a href="/shop/" rel="nofollow" aria-current="page">Buy</a>'
        "</nav></section>"
    )
    bridge.dashboard = markup.replace("{", "{{").replace("}", "}}")
    page = alice.get(page_url).text
    assert squeezed(markup) in squeezed(page)


def test_only_the_length_of_a_bar_is_styled(
    alice: Visitor, bridge: BridgeStandIn, page_url: str
) -> None:
    bridge.dashboard = (
        '<div class="aipkit_token_usage_dashboard"><span style="inline-size: 40%"></span>'
        '<p style="position: fixed; width: 100%; background: url(/x)">{numbers}</p></div>'
    )
    page = alice.get(page_url).text
    assert '<span style="inline-size: 40%">' in page
    assert '<p style="width: 100%">' in page


def squeezed(html: str) -> str:
    """HTML without the white space that WordPress's paragraphs add or take."""
    return re.sub(r"\s+|<br ?/?>", "", html)


FRAGMENT = """<section class="aipkit_token_usage_dashboard" id="top"><p id="usage">x id="usage"</p>
<h3 id="usage-title" title="usage">Usage</h3><div role="region" aria-labelledby="usage-title top">
<a href="/page/?usage=1#usage">1</a> <a href="https://shop.example/#elsewhere">2</a></div></section>"""


def test_two_fragments_of_a_page_have_ids_of_their_own(
    site: WordPressSite, bridge: BridgeStandIn
) -> None:
    bridge.fixed_answer = Answer(FRAGMENT)
    first, second = site.wp_value("""( function () {
        wp_set_current_user( get_user_by( 'login', 'alice' )->ID );
        return array( do_shortcode( '[aipkit_token_usage]' ), do_shortcode( '[aipkit_token_usage]' ) );
    } )()""")  # noqa: E501  # PHP

    assert first == FRAGMENT
    for old, new in (
        ('id="top"', 'id="top-2"'),
        ('<p id="usage"', '<p id="usage-2"'),
        ('id="usage-title"', 'id="usage-title-2"'),
        ('"usage-title top"', '"usage-title-2 top-2"'),
        ("usage=1#usage", "usage=1#usage-2"),
    ):
        first = first.replace(old, new)
    assert second == first, "and nothing else"
    assert len(kept_fragments(site)) == 1, "they share what is kept"
