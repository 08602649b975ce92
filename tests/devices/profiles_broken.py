"""A module that a site's profile names and that cannot be imported."""

UNFINISHED = 1 / 0
