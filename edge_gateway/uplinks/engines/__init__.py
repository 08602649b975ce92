"""Ways to message engines: NATS JetStream, MQTT, Kafka, RabbitMQ. Their packages are imported when they connect."""
