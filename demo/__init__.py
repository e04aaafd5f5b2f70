"""A site to try the bridge on: a private database, members with their pages, a scenario."""
