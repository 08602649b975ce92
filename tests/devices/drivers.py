"""A small driver that does on purpose what the tests need, against the contract of drivers/README.md included."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from edge_gateway.contracts.driver import Session
from edge_gateway.contracts.errors import DeviceError, ErrorCode, TransportError
from edge_gateway.contracts.events import FrameRejected
from edge_gateway.contracts.states import DeviceClass


class TalkerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    greeting: str = "hello"
    is_asked: bool = False
    is_stubborn: bool = False


class PrintParams(BaseModel):
    model_config = ConfigDict(extra="forbid")

    copies: int


class Talker:
    """Emits what it hears as ``heard``; some words make it misbehave. Its commands show every way one can end."""

    Settings = TalkerSettings
    device_class: ClassVar[DeviceClass] = DeviceClass.SCANNER
    commands: ClassVar[Mapping[str, bool]] = {
        "read": False,
        "print": True,
        "hang": False,
        "hang_with_effect": True,
        "ignore_cancellation": True,
        "break": False,
        "break_with_effect": True,
        "refuse": True,
        "lose": True,
    }
    events: ClassVar[frozenset[str]] = frozenset({"heard"})
    instances: ClassVar[list[Talker]] = []

    def __init__(self, session: Session, settings: TalkerSettings) -> None:
        self.session = session
        self.settings = settings
        self.holds_personal_data = False
        self.begun: list[str] = []
        self.can_finish = asyncio.Event()
        self._broken = asyncio.Event()
        Talker.instances.append(self)

    def data_received(self, data: bytes) -> None:
        match data:
            case b"crash in data_received":
                raise ValueError(data.decode().upper())
            case b"crash in run":
                self._broken.set()
            case b"noise":
                self.session.frame_rejected(FrameRejected.of("noise", data))
            case b"half a licence":
                self.holds_personal_data = True
            case b"silent":
                self.session.set_answering(False, "no reply")
            case b"flags":
                self.session.set_flags(frozenset({"paper_near_end", "cover_open"}))
            case _:
                self.session.frame_seen()
                self.session.emit("heard", {"text": data.decode()})

    async def run(self) -> None:
        if self.settings.is_asked:
            self.session.set_answering(False, "not asked yet")
        self.session.set_info({"firmware": "1.2"})
        if self.settings.is_stubborn:
            await self._never_end()
        await self._broken.wait()
        raise KeyError("crash in run".upper())

    async def execute(self, name: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.begun.append(name)
        match name:
            case "print":
                copies = PrintParams.model_validate(params).copies
                await self.session.transport.write(b"P" * copies)
                return {"copies": copies}
            case "hang" | "hang_with_effect":
                await self.can_finish.wait()
            case "ignore_cancellation":
                await self._never_end()
            case "break" | "break_with_effect":
                raise ZeroDivisionError("crash in execute".upper())
            case "refuse":
                raise DeviceError(ErrorCode.COVER_OPEN, "close the cover")
            case "lose":
                raise TransportError("the wire is gone")
        return {"greeting": self.settings.greeting}

    async def _never_end(self) -> None:
        """Against the contract: until the test allows it."""
        while not self.can_finish.is_set():
            try:
                await self.can_finish.wait()
            except asyncio.CancelledError:
                continue


class TalkingScale(Talker):
    """The same of another class."""

    device_class: ClassVar[DeviceClass] = DeviceClass.SCALE


class WhispererSettings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    is_asked: bool = False
    is_stubborn: bool = False
    greeting_of_its_own: str = ""


class Whisperer(Talker):
    """The same with other settings."""

    Settings = WhispererSettings  # type: ignore[assignment]  # on purpose: what reads ``greeting`` is not reached
