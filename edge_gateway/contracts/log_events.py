"""The catalogue of log event names: past tense, each logged in one place. Alarms and runbooks are keyed on them."""

from typing import Final

# the daemon
GATEWAY_STARTED: Final = "gateway_started"
GATEWAY_STOPPING: Final = "gateway_stopping"
GATEWAY_STOPPED: Final = "gateway_stopped"
GATEWAY_FAILED: Final = "gateway_failed"
CONFIG_REFUSED: Final = "config_refused"
# devices
DEVICE_CONNECTED: Final = "device_connected"
DEVICE_LOST: Final = "device_lost"
DEVICE_SILENT: Final = "device_silent"
DEVICE_ANSWERED: Final = "device_answered"
DEVICE_FAILED: Final = "device_failed"
FRAMES_REJECTED: Final = "frames_rejected"
COMMAND_FINISHED: Final = "command_finished"
REPLY_NOT_KEPT: Final = "reply_not_kept"
# bus
BUS_CONNECTED: Final = "bus_connected"
BUS_LOST: Final = "bus_lost"
BUS_PUBLISH_REFUSED: Final = "bus_publish_refused"
BUS_SUBSCRIBE_REFUSED: Final = "bus_subscribe_refused"
BUS_MESSAGES_DROPPED: Final = "bus_messages_dropped"
BUS_HANDLER_FAILED: Final = "bus_handler_failed"
REQUEST_REFUSED: Final = "request_refused"
REQUEST_FAILED: Final = "request_failed"
# store
STORE_OPENED: Final = "store_opened"
STORE_SET_ASIDE: Final = "store_set_aside"
STORE_MIGRATED: Final = "store_migrated"
STORE_FULL: Final = "store_full"
STORE_GIVING_WAY: Final = "store_giving_way"
STORE_FAILED: Final = "store_failed"
STORE_RECOVERED: Final = "store_recovered"
EVENT_DAMAGED: Final = "event_damaged"
TRANSACTION_ACCEPTED: Final = "transaction_accepted"
EVENTS_DROPPED: Final = "events_dropped"
# uplinks
BATCH_DELIVERED: Final = "batch_delivered"
UPLINK_LOST: Final = "uplink_lost"
UPLINK_RECOVERED: Final = "uplink_recovered"
EVENT_DEAD_LETTERED: Final = "event_dead_lettered"
CERTIFICATES_REFUSED: Final = "certificates_refused"
# status
STATUS_SERVER_STARTED: Final = "status_server_started"
STATUS_SERVER_FAILED: Final = "status_server_failed"
SYSTEMD_NOTIFIED: Final = "systemd_notified"
