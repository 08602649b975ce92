"""Labels through the whole gateway: from a request on the bus to the labels of a simulated printer."""
