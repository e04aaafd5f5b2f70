"""Roles as the site calls them."""

from bridge.domain.site import Site


def role_names(site: Site) -> dict[str, str]:
    """Return the names of all of the site's roles, in their order."""
    names = {role: name_of_role(site, role) for role in site.roles}
    return dict(sorted(names.items(), key=lambda named: (named[1].casefold(), named[0])))


def name_of_role(site: Site, role: str) -> str:
    """Return a role's name; of one that the site has lost, its slug as people read it."""
    return site.role_names.get(role) or role.replace("_", " ").capitalize()
