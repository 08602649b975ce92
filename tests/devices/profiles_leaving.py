"""A module that a site's profile names and that is a script."""

raise SystemExit(1)
