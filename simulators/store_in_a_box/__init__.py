"""A whole store on one machine: real broker, real gateway process, simulated devices, cloud and tills."""
