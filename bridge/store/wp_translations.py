"""Which product is the original of a translated one: WPML's table, Polylang's terms."""

from collections.abc import Collection, Mapping

from bridge.store.php import unserialize
from bridge.store.tx import Tx
from bridge.store.wp_options import read_options

_WPML = """
    SELECT one.element_id AS id, original.element_id AS original
      FROM {p}icl_translations one
      JOIN {p}icl_translations original
        ON original.trid = one.trid AND original.element_type = one.element_type
     WHERE one.element_id IN %s AND one.element_type IN ('post_product', 'post_product_variation')
       AND original.source_language_code IS NULL AND original.element_id <> one.element_id
"""
_POLYLANG = """
    SELECT link.object_id AS id, term.description AS translations
      FROM {p}term_relationships link
      JOIN {p}term_taxonomy term ON term.term_taxonomy_id = link.term_taxonomy_id
     WHERE link.object_id IN %s AND term.taxonomy = 'post_translations'
"""


def find_originals(tx: Tx, ids: Collection[int]) -> Mapping[int, list[int]]:
    """Return, by product or variation, those that it may be a translation of, likeliest first."""
    found: dict[int, list[int]] = {}
    if ids and tx.has_table(f"{tx.site_prefix}icl_translations"):
        for row in tx.all(_WPML, (tuple(ids),)):
            found.setdefault(row["id"], []).append(int(row["original"]))
    if ids and tx.has_table(f"{tx.site_prefix}term_relationships"):
        rows = tx.all(_POLYLANG, (tuple(ids),))
        first = _default_language(tx) if rows else ""
        for row in rows:
            others = _translations(row["translations"], first)
            found.setdefault(row["id"], []).extend(i for i in others if i != row["id"])
    return found


def _default_language(tx: Tx) -> str:
    settings = unserialize(read_options(tx, ["polylang"]).get("polylang"))
    return str(settings.get("default_lang", "")) if isinstance(settings, dict) else ""


def _translations(description: str, first: str) -> list[int]:
    """Return a group's posts, that of the language *first* before the others."""
    group = unserialize(description)
    if not isinstance(group, dict):
        return []
    posts = {str(language): post for language, post in group.items() if isinstance(post, int)}
    return sorted(posts.values(), key=lambda post: (post != posts.get(first), post))
