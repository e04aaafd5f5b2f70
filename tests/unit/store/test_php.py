"""PHP-serialized values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.store.php import serialize, unserialize, unserialize_exactly
from tests.support.oracle import explore


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("i:5;", 5),
        ("i:-5;", -5),
        ("b:1;", True),
        ("d:0.5;", 0.5),
        ("N;", None),
        ('s:0:"";', ""),
        ('s:5:"héé";', "héé"),
        ("a:0:{}", {}),
        ('a:2:{i:0;s:1:"a";s:1:"k";a:1:{i:3;b:0;}}', {0: "a", "k": {3: False}}),
        ('a:1:{s:1:"l";s:5:"a";b"";}', {"l": 'a";b"'}),
    ],
)
def test_values_are_read(text: str, value: object) -> None:
    assert unserialize(text) == value


@pytest.mark.parametrize(
    "text",
    [
        'O:8:"stdClass":0:{}',
        'O:8:"stdClass":1:{s:1:"a";i:1;}',
        'a:1:{i:0;O:8:"stdClass":0:{}}',
        'a:2:{i:0;i:1;i:1;O:3:"Foo":1:{s:1:"a";O:3:"Bar":0:{}}}',
        'C:11:"ArrayObject":21:{x:i:0;a:0:{};m:a:0:{}}',
    ],
)
def test_objects_are_refused_wherever_they_stand(text: str) -> None:
    assert unserialize(text) is None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "plain text",
        "i:5",
        "i:x;",
        's:9:"short";',
        's:5:"é";',
        's:-1:"";',
        "a:1:{",
        "a:1:{i:0;}",
        "a:1:{a:0:{}i:1;}",
        "a:1:{i:0;" * 3_000,
        "R:1;",
        'E:7:"Foo:Bar";',
        's:99999999999999999999:"x";',
    ],
)
def test_what_cannot_be_read_is_none(text: str | None) -> None:
    assert unserialize(text) is None


serialized_like = st.text(alphabet='aisdbNOC:;{}"0123456789-.é', max_size=40)


@explore(300)
@given(st.one_of(st.text(max_size=40), serialized_like))
def test_property_no_text_raises(text: str) -> None:
    unserialize(text)


@pytest.mark.parametrize(
    "text",
    [
        'a:2:{s:1:"k";a:3:{i:0;N;i:-1;b:1;s:0:"";d:0.5;}i:7;s:4:"héx";}',
        'a:2:{i:2;i:1;s:1:"b";i:0;}',
        "a:0:{}",
    ],
)
def test_what_can_be_written_back_as_it_was_is_read_exactly(text: str) -> None:
    assert serialize(unserialize_exactly(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "N;",
        "text",
        'a:1:{i:0;O:8:"stdClass":0:{}}',
        "a:1:{i:0;d:1;}",
        "a:1:{i:0;d:0.10000000000000001;}",
        "a:1:{i:0;b:2;}",
        "a:1:{i:0;i:+1;}",
        "a:2:{i:0;i:1;i:0;i:2;}",
        "a:2:{i:0;a:0:{}i:1;R:2;}",
        "a:0:{} ",
        "A:0:{}",
        "a:1:{i:0;" * 3_000,
    ],
)
def test_what_could_not_be_written_back_is_not_read_exactly(text: str) -> None:
    assert unserialize_exactly(text) is None
