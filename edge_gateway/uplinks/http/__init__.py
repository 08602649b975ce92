"""Ways to the cloud over HTTPS: batches to its services, webhooks, commands from it, and what all of them need."""
