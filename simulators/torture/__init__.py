"""Oracle campaign: the real daemon trades under faults drawn from a seed, and every promise it made is checked."""
