"""What ``edge-gateway doctor`` looks at: the box, the network around it and the devices, each with a remedy."""
