"""What is cleaned beside a known fragment is cleaned as a whole one would be."""

import json
import random

from .php_cli import quoted
from .site import WordPressSite

KNOWN = """<section class="aipkit_token_usage_dashboard" lang="en-US" aria-label="Tokens">
<h2>Token usage &amp; more</h2><dl><dt>Token balance</dt><dd><span dir="ltr">77</span></dd></dl>
<progress value="40" max="100">40 %</progress>
<div style="width:40%" aria-valuenow="40"></div>
<details open><summary>Purchases</summary></details>
<svg class="aipkit_chart" role="img" aria-label="Nov 3: 40" viewBox="0 0 298 48" preserveAspectRatio="none">
<rect x="30" y="0" width="8" height="48"><title>Nov 3: 40</title></rect></svg>
<a href="https://shop.example/buy?a=1&amp;b=2" rel="nofollow">Buy</a></section>"""  # noqa: E501  # HTML
HOSTILE = (
    "<script>steal()</script>",
    "<img src=x onerror=steal()>",
    '<a href="javascript:steal()">x</a>',
    "<span onclick=steal()>",
    "<p",
    "<",
    ">",
    "</",
    "<!-- x -->",
    "<!--",
    "<![CDATA[x]]>",
    "<?php ?>",
    "&",
    "&amp;",
    "&lt;",
    "&#106;",
    "&nosuch;",
    "\\0",
    "\\",
    "\0",
    "\x01",
    "\x0b",
    "\x7f",
    "é",
    "\U0001f642",
    '<div style="width:50%">',
    '<div style="position:fixed">',
    '<progress value="41" max="100">',
    "<SPAN DIR=ltr>",
    "<span\ndir='ltr'>",
    '<span dir="ltr" dir="rtl">',
    "<iframe src=//x>",
    '<svg viewBox="0 0 1 1" onload=steal()>',
    '<rect x="1" y="2" width="8" height="9" onclick=steal()>',
    '<rect fill="url(https://x/)" style="fill:url(https://x/)">',
    '<rect x="javascript:steal()"/>',
    "<svg><script>steal()</script></svg>",
    '<svg><use href="data:image/svg+xml,x"/></svg>',
    '<svg><a xlink:href="javascript:steal()">x</a></svg>',
    "<foreignObject><body onload=steal()></foreignObject>",
    "<animate attributeName=href values=javascript:steal() />",
    "<title><style>x</style></title>",
    "<br/>",
    "<br />",
    '<a href="data:text/html,x">',
    '<span title="a>b">',
    "<span <b>",
    "<b><i>",
    "javascript:",
    "[gallery]",
    "<!-- wp:html -->",
    "%3Cscript%3E",
    "&#x3C;script&#x3E;",
    '<td colspan="2">',
    "</td></table>",
    "77",
    "78",
)
_COMPARE = """
    require_once WP_PLUGIN_DIR . '/aipkit-bridge/inc/fragment-html.php';
    $known  = %s;
    $differ = array();
    foreach ( json_decode( %s ) as $html ) {
        $whole = AIPKit_Bridge\\Fragment_Html\\clean( $html );
        if ( AIPKit_Bridge\\Fragment_Html\\clean_beside( $html, $known ) !== $whole ) {
            $differ[] = $html;
        }
    }
    $is_clean = AIPKit_Bridge\\Fragment_Html\\clean( $known ) === $known;
    $drawing  = '<svg onload="s()" viewBox="0 0 1 1" href="https://x/"><rect x="1" fill="url(https://x/)" onclick="s()"/>'
        . '<use href="#x"/><foreignObject></foreignObject><animate href="https://x/"/><a xlink:href="https://x/">x</a></svg>';
    $cleaned  = AIPKit_Bridge\\Fragment_Html\\clean( $drawing );
    echo wp_json_encode( array( $is_clean, $differ, $cleaned ) );
"""  # noqa: E501  # PHP


def test_it_is_as_clean_as_the_whole(site: WordPressSite) -> None:
    chance = random.Random(14)
    cases = [KNOWN.replace("77", piece) for piece in HOSTILE]
    for _ in range(1000):
        html = KNOWN
        for _ in range(chance.randint(1, 3)):
            at, width = chance.randrange(len(html)), chance.choice((0, 0, 1, 9))
            html = html[:at] + chance.choice(HOSTILE) + html[at + width :]
        cases.append(html)

    told = site.wp_eval(_COMPARE % (quoted(KNOWN), quoted(json.dumps(cases))))

    drawing = '<svg viewBox="0 0 1 1"><rect x="1" /><a>x</a></svg>'
    assert json.loads(told) == [True, [], drawing]
