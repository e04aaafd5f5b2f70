"""Roles as the site calls them."""

from bridge.domain.site import Site
from bridge.web.http.formatting import mark
from bridge.web.http.reader import say

KNOWN = (
    mark("Administrator"),
    mark("Editor"),
    mark("Author"),
    mark("Contributor"),
    mark("Subscriber"),
    mark("Customer"),
    mark("Shop manager"),
)
"""WordPress's and WooCommerce's own, which are stored in English and translated when shown."""


def role_names(site: Site) -> dict[str, str]:
    """Return the names of all of the site's roles, in their order."""
    names = {role: name_of_role(site, role) for role in site.roles}
    return dict(sorted(names.items(), key=lambda named: (named[1].casefold(), named[0])))


def name_of_role(site: Site, role: str) -> str:
    """Return a role's name; of one that the site has lost, its slug as people read it."""
    return say(site.role_names.get(role) or role.replace("_", " ").capitalize())
