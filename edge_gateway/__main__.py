"""``python -m edge_gateway`` is the command."""

from edge_gateway.cli import main

main()
