"""The colours of WordPress's admin, as far as our screens wear them."""

from bridge.web.http.passage import Passage

_ACCENTS = {
    "fresh": "#2271b1",
    "light": "#0085ba",
    "modern": "#3858e9",
    "blue": "#096484",
    "coffee": "#46403c",
    "ectoplasm": "#523f6d",
    "midnight": "#e14d43",
    "ocean": "#627c83",
    "sunrise": "#dd823b",
}
"""What WordPress's own screens use for buttons and links, by colour scheme."""
_LEAST_CONTRAST = 5.3
"""With white: so it also is 4.5 with the grey of the admin's page."""
_DARKER = 0.94


def accent_style(passage: Passage) -> str:
    """Return the custom properties that give our part of the page the scheme's colours."""
    main = _readable(_accent(passage))
    hover = _hex(tuple(part * 0.85 for part in _parts(main)))
    return f"--main:{main};--main-hover:{hover};--link:{main}"


def _accent(passage: Passage) -> str:
    known, colors = _ACCENTS.get(passage.claims.scheme), passage.claims.colors
    if known is None and len(colors) > 2:
        return colors[2]  # where schemes have what they highlight with
    return known or _ACCENTS["fresh"]


def _readable(color: str) -> str:
    """Return a colour made as dark as it must be for white text on it, or for it on white."""
    parts = _parts(color)
    while 1.05 / (_luminance(parts) + 0.05) < _LEAST_CONTRAST:
        parts = tuple(part * _DARKER for part in parts)
    return _hex(parts)


def _luminance(parts: tuple[float, ...]) -> float:
    """Return how light a colour is, from 0 to 1, as WCAG 2 counts it."""
    shares = (part / 255 for part in parts)
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(
        weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def _parts(color: str) -> tuple[float, ...]:
    return tuple(float(int(color[at : at + 2], 16)) for at in (1, 3, 5))


def _hex(parts: tuple[float, ...]) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in parts)
