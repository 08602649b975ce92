"""The AsyncAPI 3.0 document of the bus, from the catalogue. ``send`` and ``receive`` are the gateway's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from edge_gateway.bus.topics import ROOT
from edge_gateway.contracts.cloudevents import CONTENT_TYPE
from edge_gateway.contracts.envelopes import ReplyEnvelope, RequestEnvelope
from edge_gateway.schemas import examples
from edge_gateway.schemas.catalogue import (
    ALERTS,
    ANY_CLASS,
    COMMANDS,
    COMMON_COMMANDS,
    COMMON_EVENTS,
    EVENTS,
    PRINT_COMMANDS,
    PRINT_EVENTS,
    STATES,
    Command,
    Event,
    State,
)
from edge_gateway.schemas.json_schema import components

VERSION: Final = "1.0.0"
"""Of this interface, not of the gateway: a breaking change makes v2 beside v1."""

_PARAMETERS: Final = {
    "store": "Id of the store.",
    "lane": "Where the device or terminal stands: lane-3, stockroom, exit, shared ...",
    "device": "Id of the device, from the gateway's configuration.",
    "terminal": "Id of the POS terminal.",
    "class": "UnifiedPOS device category: scanner, scale, pos_printer ...",
    "severity": "warning or critical.",
}
_DESCRIPTION: Final = (
    "What a store's edge gateway says and takes over the store's MQTT broker. It publishes at QoS 1; states are "
    "retained, events and requests are not. What a terminal asks (`pos`) waits at the broker while the gateway is "
    "away; what a device is asked does not: repeat each request, under its id, until it is answered. MQTT 5 and "
    "3.1.1. A reply goes to the MQTT 5 response topic with its correlation data; else to `reply_to` of the request, "
    "inside the lane of the request; else to the reply topic of the terminal or device. Each request gets exactly one "
    "final reply."
)


def asyncapi() -> dict[str, Any]:
    """The whole document."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for state in STATES:
        _add_state(state, channels, operations)
    for event in (*EVENTS, *PRINT_EVENTS, *COMMON_EVENTS):
        _add_event(event, channels, operations)
    for command in (*COMMANDS, *PRINT_COMMANDS, *COMMON_COMMANDS):
        _add_command(command, channels, operations)
    _add_replies(channels)
    _add_alerts(channels, operations)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "edge-gateway: the store's bus",
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "localhost:1883",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "The store's broker; MQTT 3.1.1 clients are welcome.",
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"schemas": _schemas()},
    }


def _add_state(state: State, channels: dict[str, Any], operations: dict[str, Any]) -> None:
    message = _message(state.name, _ref(state.payload), examples.STATES[state.name], state.meaning)
    channels[state.name] = _channel(state.topic, {state.name: message}, state.meaning)
    verb, action = ("take", "receive") if state.is_received else ("publish", "send")
    operations[f"{verb}{_upper(state.name)}"] = _operation(action, state.name, state.meaning, is_retained=True)


def _add_event(event: Event, channels: dict[str, Any], operations: dict[str, Any]) -> None:
    name = _camel(event.device_class, event.name)
    data = examples.EVENT_DATA[f"{event.device_class}.{event.name}"]
    kind = f"com.edge-gateway.{_class(event.device_class)}.{event.name}.v1"
    payload = _cloud_event(kind, _ref(event.data))
    example = examples.cloud_event(event.device_class.replace(ANY_CLASS, "scale"), event.name, data)
    summary = (event.data.__doc__ or "").strip().split("\n")[0]
    message = {**_message(name, payload, example, summary), "contentType": CONTENT_TYPE}
    address = f"{{lane}}/{_class(event.device_class)}/{{device}}/event/{event.name}"
    channels[name] = _channel(address, {name: message}, summary)
    operations[f"publish{_upper(name)}"] = _operation("send", name, summary)


def _add_command(command: Command, channels: dict[str, Any], operations: dict[str, Any]) -> None:
    name = _camel(command.device_class, command.name)
    key = f"{command.device_class}.{command.name}"
    target, replies = ("terminal", "posReply") if command.device_class == "pos" else ("device", "deviceReply")
    payload = _narrowed(_ref(RequestEnvelope), "params", _ref(command.params))
    example = {"id": "T3-000017", "params": examples.PARAMS[key], "expires_at": examples.EXPIRES_AT}
    message = _message(f"{name}Request", payload, example, command.meaning)
    address = f"{{lane}}/{_class(command.device_class)}/{{{target}}}/command/{command.name}"
    channels[name] = _channel(address, {f"{name}Request": message}, command.meaning)
    status = "accepted" if command.device_class == "pos" else "completed"
    reply = _message(
        f"{name}Reply",
        _narrowed(_ref(ReplyEnvelope), "result", _ref(command.result)),
        {"id": "T3-000017", "status": status, "result": examples.RESULTS[key]},
        f"The one final reply to {command.name}.",
    )
    channels.setdefault(replies, {"messages": {}})["messages"][f"{name}Reply"] = reply
    operation = _operation("receive", name, command.meaning, qos=1 if command.device_class == "pos" else 0)
    operation["reply"] = {
        "channel": {"$ref": f"#/channels/{replies}"},
        "messages": [{"$ref": f"#/channels/{replies}/messages/{name}Reply"}],
    }
    operations[f"take{_upper(name)}"] = operation


def _add_replies(channels: dict[str, Any]) -> None:
    """Where replies go if the request says nothing else."""
    failure = {
        "id": None,
        "status": "failed",
        "error": {"code": "invalid_request", "message": "payload: not JSON at line 1, column 9", "retryable": False},
    }
    message = _message(
        "failedReply", _ref(ReplyEnvelope), failure, "Refused or failed, with a code of the closed list."
    )
    for name, address, words in (
        ("posReply", "{lane}/pos/{terminal}/reply", "Replies to a terminal that names no other topic."),
        ("deviceReply", "{lane}/{class}/{device}/reply", "Replies to requests to a device that name no other topic."),
    ):
        messages = {**channels[name]["messages"], f"{name}Failed": {**message, "name": f"{name}Failed"}}
        channels[name] = _channel(address, messages, words)


def _add_alerts(channels: dict[str, Any], operations: dict[str, Any]) -> None:
    words = "Something that a person should look at."
    messages = {}
    for alert in ALERTS:
        name = _camel(alert.device_class, alert.name)
        payload = _cloud_event(f"com.edge-gateway.alert.{alert.name}.v1", _ref(alert.data))
        example = examples.cloud_event("alert", alert.name, examples.ALERT_DATA[f"alert.{alert.name}"])
        summary = (alert.data.__doc__ or "").strip().split("\n")[0]
        messages[name] = {**_message(name, payload, example, summary), "contentType": CONTENT_TYPE}
    channels["alert"] = _channel("alert/{severity}", messages, words)
    operations["publishAlert"] = _operation("send", "alert", words)


def _schemas() -> dict[str, Any]:
    sent: list[type[BaseModel]] = [
        ReplyEnvelope,
        *(event.data for event in (*EVENTS, *PRINT_EVENTS, *COMMON_EVENTS, *ALERTS)),
    ]
    commands = (*COMMANDS, *PRINT_COMMANDS, *COMMON_COMMANDS)
    sent += [command.result for command in commands]
    sent += [state.payload for state in STATES if not state.is_received]
    taken: list[type[BaseModel]] = [RequestEnvelope, *(command.params for command in commands)]
    taken += [state.payload for state in STATES if state.is_received]
    return dict(sorted({**components(taken, is_sent=False), **components(sent, is_sent=True)}.items()))


def _channel(topic: str, messages: Mapping[str, Any], words: str) -> dict[str, Any]:
    address = f"{ROOT}/{{store}}/{topic}"
    parameters = {name: {"description": text} for name, text in _PARAMETERS.items() if f"{{{name}}}" in address}
    return {"address": address, "description": words, "parameters": parameters, "messages": dict(messages)}


def _operation(action: str, channel: str, words: str, *, qos: int = 1, is_retained: bool = False) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": words.split(". ")[0],
        "bindings": {"mqtt": {"qos": qos, "retain": is_retained, "bindingVersion": "0.2.0"}},
    }


def _message(name: str, payload: Mapping[str, Any], example: Mapping[str, Any], words: str) -> dict[str, Any]:
    return {"name": name, "summary": words, "payload": dict(payload), "examples": [{"payload": dict(example)}]}


def _cloud_event(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """CloudEvents 1.0, structured mode."""
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "format": "uuid", "description": "UUIDv7."},
            "source": {**text, "description": "/stores/{store}/devices/{device} or /stores/{store}/gateway"},
            "type": {"const": kind} if "{" not in kind else {"type": "string", "description": kind},
            "time": {"type": "string", "format": "date-time"},
            "subject": text,
            "datacontenttype": {"const": "application/json"},
            "dataschema": text,
            "data": dict(data),
        },
    }


def _narrowed(envelope: Mapping[str, Any], field: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"allOf": [dict(envelope), {"type": "object", "properties": {field: dict(schema)}}]}


def _ref(model: type[BaseModel]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _class(device_class: str) -> str:
    return "{class}" if device_class == ANY_CLASS else device_class


def _camel(*words: str) -> str:
    first, *others = "_".join(words).split("_")
    return first + "".join(word.capitalize() for word in others)


def _upper(name: str) -> str:
    return name[0].upper() + name[1:]
