"""Print campaign: the real daemon prints under faults at bytes drawn from a seed; the simulated paper is the judge."""
