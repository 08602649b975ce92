"""What a till can make a Honeywell scanner do, over whatever link, and what the scanner says of itself.

Source: Honeywell user guides, "Serial Programming Commands": trigger and beep have no reply; a menu command is answered
by ACK, ENQ (no such tag) or NAK (value out of range).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from drivers.scanner_feedback import BEEP_COUNTS, BEEP_GAP_S, Feedback, commands, refuse, unsupported
from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.scanner_commands import BeepParams, BeepPattern, SetParameterParams
from protocols.scanners.honeywell_menu import (
    BEEP,
    REVISION,
    STATUSES,
    TAG_CHARACTERS,
    TRIGGER_OFF,
    TRIGGER_ON,
    MenuReply,
    encode_menu,
)

REPLY_S: Final = 2.0
"""A reply comes within 100 ms; writing the flash takes up to a second."""
HONEYWELL_COMMANDS: Final = commands("beep", "trigger", "untrigger", "good_read", "not_on_file", "set_parameter")
_MEANINGS: Final = dict(STATUSES.values())
_INFO: Final[Mapping[str, str]] = {
    "Product Name": "model",
    "Software Revision": "firmware",
    "Software Part Number": "software_part_number",
    "Serial Number": "serial_number",
}
_REVISION_WORD: Final = "$ProjectRevision:"


class HoneywellCommands:
    """The commands of one connection. ``send`` writes one; ``on_awaiting`` hears the tag whose reply is awaited, or
    None: no longer."""

    def __init__(
        self,
        session: Session,
        feedback: Feedback,
        send: Callable[[bytes], Awaitable[None]],
        on_awaiting: Callable[[str | None], None],
    ) -> None:
        self._session = session
        self._feedback = feedback
        self._send = send
        self._on_awaiting = on_awaiting
        self._turn = asyncio.Lock()
        self._reply: asyncio.Future[MenuReply] | None = None
        self._tag = ""

    @property
    def is_awaiting(self) -> bool:
        return self._reply is not None

    def reply_received(self, reply: MenuReply) -> None:
        """What the scanner answered; an answer to what was not asked, or is no longer waited for, is forgotten."""
        is_awaited = reply.settings[0].tag.upper() == self._tag.upper()
        if self._reply is not None and not self._reply.done() and is_awaited:
            self._reply.set_result(reply)

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        match name:
            case "beep":
                await self._beep(BeepParams.model_validate(params).pattern)
            case "trigger" | "untrigger":
                refuse(self._session.device_id, name, params)
                await self._send(TRIGGER_ON if name == "trigger" else TRIGGER_OFF)
            case "good_read" | "not_on_file":
                refuse(self._session.device_id, name, params)
                pattern = getattr(self._feedback, name).beep
                if pattern is not None:
                    await self._beep(pattern)
            case "set_parameter":
                return await self._set_parameter(SetParameterParams.model_validate(params))
            case _:
                raise unsupported(self._session.device_id, name)
        return {}

    async def identify(self) -> None:
        """Ask who it is, and tell it. A scanner that does not answer says nothing, and reads bar codes all the same."""
        reply = await self._ask(REVISION, is_kept=True)
        if reply is None or reply.status != "ACK":
            return
        info = {_INFO[name]: value for name, value in reply.information if name in _INFO}
        if "firmware" in info:
            info["firmware"] = info["firmware"].removeprefix(_REVISION_WORD).strip()
        self._session.set_info(info)

    async def _beep(self, pattern: BeepPattern) -> None:
        for number in range(BEEP_COUNTS.get(pattern, 1)):
            if number:
                await self._session.clock.sleep(BEEP_GAP_S)
            await self._send(BEEP)

    async def _set_parameter(self, wanted: SetParameterParams) -> Mapping[str, Any]:
        about = f"scanner {self._session.device_id!r}: {wanted.parameter} = {wanted.value!r}"
        try:
            if not isinstance(wanted.parameter, str):
                raise ValueError("expected the six letters of its tag, such as BEPLVL")
            text = f"{wanted.parameter}{wanted.value}"
            encode_menu(text)
        except ValueError as error:
            raise DeviceError(ErrorCode.INVALID_REQUEST, f"{about}: {error}") from error
        reply = await self._ask(text, is_kept=wanted.permanent)
        if reply is None:
            raise UnknownOutcomeError(f"{about} was not answered in {REPLY_S} s; look at the scanner, or set it again")
        if reply.status != "ACK":
            text = f"{about} was refused with {reply.status} ({_MEANINGS[reply.status]}); see the scanner's manual"
            raise DeviceError(ErrorCode.DEVICE_ERROR, text)
        return {"parameter": wanted.parameter, "value": wanted.value, "permanent": wanted.permanent}

    async def _ask(self, text: str, *, is_kept: bool) -> MenuReply | None:
        """None: no reply within ``REPLY_S``."""
        async with self._turn:
            self._reply = asyncio.get_running_loop().create_future()
            self._tag = text[:TAG_CHARACTERS]
            self._on_awaiting(self._tag)
            try:
                await self._send(encode_menu(text, is_kept=is_kept))
                async with asyncio.timeout(REPLY_S):
                    return await self._reply
            except TimeoutError:
                return None
            finally:
                self._reply = None
                self._on_awaiting(None)
