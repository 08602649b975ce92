"""What the parts know, gathered for the status page, the metrics and the bus."""
