"""A site to try the bridge on: a private database, a shop over real HTTP, a scenario."""
