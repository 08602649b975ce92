"""A profile that changes on disk reaches the devices that use it, and no other; a bad one reaches none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts import log_events
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.devices.profile_watch import LOOK_INTERVAL_S, ProfileWatch
from edge_gateway.devices.registry import build_registry
from edge_gateway.devices.supervisor import PROFILE_CHANGED, Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import SerialTransportSettings, TransportSettings
from edge_gateway.transports.loopback import LoopbackTransport
from tests.devices.drivers import Talker
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until

PROFILE = """
name = "{name}"
vendor = "tests"
model = "Talker"
device_class = "scanner"
driver = "tests.devices.drivers:Talker"
codec = "none"
tier = "experimental"
source = "tests/devices/drivers.py"
[transport.serial]
baud = 9600
[settings]
greeting = "hello"
"""


class Site:
    """Two devices of two profiles of a site, both running, and the watch over their directory."""

    def __init__(
        self,
        directory: Path,
        clock: FakeClock,
        paths: Mapping[str, str] | None = None,
        profile: str = PROFILE,
        **store_defaults: Any,
    ) -> None:
        self.directory, self.clock = directory, clock
        self.transports: dict[str, list[TransportSettings]] = {}
        self.loopbacks: dict[str, LoopbackTransport] = {}
        self.events: list[StampedEvent] = []
        paths = paths or {"a": "/dev/a", "b": "/dev/b"}
        self.states: dict[str, list[str | None]] = {name: [] for name in paths}
        self.infos: list[dict[str, Any]] = []
        for name in paths:
            self.write(name, profile)
        devices = [
            DeviceSettings(id=name, lane="lane-1", profile=name, transport={"path": path})
            for name, path in paths.items()
        ]
        self.registry = build_registry(
            devices,
            make_transport=self.make_transport,
            clock=clock,
            random=Random(1),
            on_event=self.events.append,
            on_change=self.changed,
            profile_directories=[directory],
            store_defaults=store_defaults,
        )
        self.watch = ProfileWatch(self.registry, [directory], self.make_transport, clock, self.read_anew)
        self.times_read = 0

    async def read_anew(self) -> None:
        self.times_read += 1

    def write(self, name: str, text: str = PROFILE) -> None:
        """As editors do: whole, under its name at once."""
        new = self.directory / "new"
        new.write_text(text.replace("{name}", name))
        new.rename(self.directory / f"{name}.toml")

    def make_transport(self, settings: TransportSettings) -> LoopbackTransport:
        assert isinstance(settings, SerialTransportSettings)
        place = str(settings.path)
        self.transports.setdefault(place, []).append(settings)
        self.loopbacks[place] = LoopbackTransport(f"{place} {settings.baud}")
        return self.loopbacks[place]

    def changed(self, supervisor: Supervisor) -> None:
        self.states[supervisor.device_id].append(supervisor.state.reason)
        self.infos.append(supervisor.info)

    def device(self, name: str) -> Supervisor:
        supervisor = self.registry.get(name)
        assert supervisor is not None
        return supervisor

    async def wait_for_look(self) -> None:
        """A look takes a thread of its own: until it is over, nobody sleeps."""
        await wait_until(lambda: self.clock.sleeper_count, what="the end of a look")

    async def look(self) -> None:
        """Long enough for a change to be seen, seen to be the same, and read."""
        for _ in range(2):
            await self.clock.advance(LOOK_INTERVAL_S)
            await self.wait_for_look()


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[Site]:
    tasks = [asyncio.create_task(site.registry.run()), asyncio.create_task(site.watch.run())]
    await site.clock.settle()
    await site.wait_for_look()
    yield site
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    Talker.instances.clear()


@pytest.fixture
async def site(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Site]:
    async with running(Site(tmp_path, clock)) as site:
        yield site


async def test_changed_profile_restarts_its_device_alone(site: Site, clock: FakeClock) -> None:
    site.loopbacks["/dev/a"].far_end.write(b"one")
    await clock.settle()
    drivers, old = len(Talker.instances), site.loopbacks["/dev/a"]
    site.write("a", PROFILE.format(name="a").replace("9600", "19200").replace('"hello"', '"good day"'))
    await site.look()
    await wait_until(lambda: len(Talker.instances) > drivers, what="a new driver")
    await clock.settle()
    assert [settings.baud for settings in site.transports["/dev/a"]] == [9600, 19200]  # type: ignore[union-attr]
    assert len(site.transports["/dev/b"]) == 1
    assert Talker.instances[-1].settings.greeting == "good day"
    assert not old.far_end.is_open, "the port is free for the new connection"
    assert PROFILE_CHANGED in site.states["a"]
    assert PROFILE_CHANGED not in site.states["b"]
    assert site.device("a").state.power == "online"
    assert site.device("a").info["transport"] == "/dev/a 19200"
    site.loopbacks["/dev/a"].far_end.write(b"two")
    await clock.settle()
    assert [event.sequence for event in site.events] == [1, 2], "what was counted of the device goes on"


async def test_other_words_or_policy_leave_the_connection_alone(site: Site, clock: FakeClock) -> None:
    site.write("a", PROFILE.format(name="a") + '[firmware]\nminimum = "1.10"\n')
    with capture_logs() as logs:
        await site.look()
        await wait_until(lambda: site.device("a").firmware_status is not None, what="the policy")
    assert site.device("a").firmware_status is FirmwareStatus.BELOW_MINIMUM
    assert site.infos[-1]["firmware_status"] == "below_minimum"
    assert len(site.transports["/dev/a"]) == 1
    [entry] = [each for each in logs if each["event"] == log_events.PROFILE_CHANGED]
    assert (entry["device"], entry["is_restarted"]) == ("a", False)


async def test_bad_profile_is_told_and_the_old_one_goes_on(site: Site, clock: FakeClock) -> None:
    site.write("a", PROFILE.format(name="a").replace("greeting", "greting"))
    with capture_logs() as logs:
        await site.look()
        await wait_until(lambda: site.device("a").profile_problems, what="the problems")
        site.watch.look_soon()
        await wait_until(lambda: site.watch.counters["read"] == 2, what="another look")
    [problem] = site.device("a").profile_problems
    expected = "no such key here; did you mean greeting? (there are: greeting, is_asked, is_stubborn)"
    assert problem == f"{site.directory}/a.toml: line 13: settings.greting = 'hello': {expected}"
    assert [each["event"] for each in logs] == [log_events.PROFILE_REFUSED], "once"
    assert site.device("a").state.power == "online"
    assert len(site.transports["/dev/a"]) == 1
    site.write("a")
    await site.look()
    await wait_until(lambda: not site.device("a").profile_problems, what="the recovery")
    assert len(site.transports["/dev/a"]) == 1, "as it was: nothing to restart"


async def test_removed_profile_and_one_that_is_not_toml_are_bad_ones(site: Site) -> None:
    (site.directory / "a.toml").unlink()
    site.write("b", "name = ")
    await site.look()
    await wait_until(lambda: site.device("a").profile_problems and site.device("b").profile_problems)
    assert "see docs/devices" in site.device("a").profile_problems[0]
    assert "is not TOML" in site.device("b").profile_problems[0]
    assert {device.state.power for device in site.registry} == {"online"}


async def test_change_of_a_base_reaches_the_profiles_over_it(site: Site) -> None:
    base = PROFILE.format(name="base")
    site.write("base", base)
    head = 'name = "a"\nextends = "base"\nvendor = "t"\nmodel = "t"\ntier = "experimental"\nsource = "tests of ours"\n'
    site.write("a", head)
    await site.look()
    await wait_until(lambda: site.device("a").profile.extends == "base", what="the chain")
    assert len(site.transports["/dev/a"]) == 1, "the same settings, by another way"
    site.write("base", base.replace("9600", "115200"))
    await site.look()
    await wait_until(lambda: len(site.transports["/dev/a"]) == 2, what="the restart")


async def test_file_that_is_still_being_written_is_not_read(site: Site, clock: FakeClock) -> None:
    path = site.directory / "a.toml"
    whole = PROFILE.format(name="a").replace('"hello"', '"good day"')
    for end in (40, 80, 160):
        path.write_text(whole[:end])
        await clock.advance(LOOK_INTERVAL_S)
        await site.wait_for_look()
    path.write_text(whole)
    await site.look()
    await wait_until(lambda: site.device("a").profile.settings == {"greeting": "good day"}, what="the change")
    assert site.device("a").profile_problems == ()


async def test_request_to_look_is_followed_at_once(site: Site) -> None:
    site.write("a", PROFILE.format(name="a").replace('"hello"', '"good day"'))
    site.watch.look_soon()
    await wait_until(lambda: site.device("a").profile.settings == {"greeting": "good day"}, what="the change")


async def test_command_in_hand_is_answered_when_the_profile_changes(site: Site, clock: FakeClock) -> None:
    """With an effect, its outcome is not known: nothing is done twice."""
    asked = asyncio.ensure_future(site.device("a").execute("hang_with_effect", {}, deadline_s=60.0))
    await clock.settle()
    site.write("a", PROFILE.format(name="a").replace('"hello"', '"good day"'))
    site.watch.look_soon()
    await wait_until(asked.done, what="an answer")
    assert getattr(asked.exception(), "code", None) == "unknown_outcome"


async def test_devices_that_disagree_on_their_port_hold_no_other_back(tmp_path: Path, clock: FakeClock) -> None:
    shared = PROFILE.replace("[settings]", "shared = true\n[settings]")
    paths = {"c": "/dev/c", "a": "/dev/shared", "b": "/dev/shared"}
    async with running(Site(tmp_path, clock, paths, shared)) as shop:
        for name in ("a", "c"):
            shop.write(name, shared.replace("9600", "19200"))
        await shop.look()
        await wait_until(lambda: len(shop.transports["/dev/c"]) == 2, what="the device that has nothing to do with it")
        assert shop.device("c").profile_problems == ()
        for name in ("a", "b"):
            assert shop.device(name).profile_problems == (
                "b.transport.baud = 9600: 19200, as a, with which it shares the port",
            )
        shop.write("b", shared.replace("9600", "19200"))
        await shop.look()
        await wait_until(lambda: len(shop.transports["/dev/shared"]) == 4, what="both, who agree again")
        assert {device.profile_problems for device in shop.registry} == {()}


async def test_profile_of_another_device_class_is_refused_until_the_next_start(site: Site) -> None:
    site.write("a", PROFILE.replace('"scanner"', '"scale"').replace(":Talker", ":TalkingScale"))
    await site.look()
    await wait_until(lambda: site.device("a").profile_problems, what="the problem")
    assert site.device("a").profile_problems == (
        "device_class = 'scale': expected scanner, until the gateway is started anew",
    )
    assert (site.device("a").device_class, site.device("a").info["device_class"]) == ("scanner", "scanner")


async def test_link_to_nowhere_hides_no_other_profile_from_the_watch(site: Site) -> None:
    for number in range(20):  # a directory has no order of its own
        (site.directory / f"{number}.toml").symlink_to(site.directory / "nowhere")
    await site.look()
    for name in ("a", "b"):
        site.write(name, PROFILE.replace('"hello"', '"good day"'))
    await site.look()
    for name in ("a", "b"):
        await wait_until(lambda name=name: site.device(name).profile.settings == {"greeting": "good day"})  # type: ignore[misc]


async def test_profile_goes_before_what_holds_for_the_store_after_a_reload_too(
    tmp_path: Path, clock: FakeClock
) -> None:
    bare = PROFILE.replace('greeting = "hello"', "")
    async with running(Site(tmp_path, clock, profile=bare, greeting="of the store")) as shop:
        for expected, text in (("of the profile", bare + 'greeting = "of the profile"'), ("of the store", bare)):
            drivers = len(Talker.instances)
            shop.write("a", text)
            await shop.look()
            await wait_until(lambda count=drivers: len(Talker.instances) > count, what="a new driver")  # type: ignore[misc]
            assert Talker.instances[-1].settings.greeting == expected


async def test_driver_that_knows_nothing_of_the_store_takes_over_live(tmp_path: Path, clock: FakeClock) -> None:
    bare = PROFILE.replace('greeting = "hello"', "")
    async with running(Site(tmp_path, clock, profile=bare, greeting="of the store")) as shop:
        shop.write("a", bare.replace(":Talker", ":Whisperer"))
        await shop.look()
        await wait_until(lambda: len(shop.transports["/dev/a"]) == 2, what="the restart")
        assert shop.device("a").profile_problems == ()


async def test_second_change_while_the_port_is_being_closed_leaves_it_closed(site: Site, clock: FakeClock) -> None:
    """A profile is saved, and a reload asked for: the port is ours until the close has ended, and then nobody's."""
    slow, closed = site.loopbacks["/dev/a"], asyncio.Event()
    close = slow.close

    async def close_slowly() -> None:
        await closed.wait()
        await close()

    slow.close = close_slowly  # type: ignore[method-assign]
    for greeting in ("good day", "good night"):
        site.write("a", PROFILE.replace('"hello"', f'"{greeting}"'))
        await site.look()
        await wait_until(lambda count=greeting: site.watch.counters["changed"] == (1 if count == "good day" else 2))  # type: ignore[misc]
    drivers = len(Talker.instances)
    closed.set()
    await wait_until(lambda: len(Talker.instances) > drivers, what="a new driver")
    assert not slow.far_end.is_open
    assert Talker.instances[-1].settings.greeting == "good night"
