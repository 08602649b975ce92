"""The verdict on each attached device, remembered for as long as nothing that it rests on changes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from edge_gateway.contracts.attached_report import SeenDevice
from edge_gateway.devices.attached.claim_rule import Verdict, judge
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.survey import seen
from edge_gateway.devices.profile_model import Profile
from edge_gateway.settings_discovery import DiscoverySettings
from edge_gateway.settings_transports import TransportSettings


class Judging:
    """Two hundred profiles are compared with a device once for each time that it is plugged in, not at each change of
    another one: that would hold up every scan of the store."""

    def __init__(self, settings: DiscoverySettings, configured: Mapping[str, TransportSettings]) -> None:
        self._settings = settings
        self._configured = configured
        self._paths = [path for place in configured.values() if (path := getattr(place, "path", None)) is not None]
        self._targets: list[str] = []
        self._without_ids: list[tuple[int, Profile]] = []
        self._by_usb_id: dict[str, list[tuple[int, Profile]]] = {}
        self._verdicts: dict[str, tuple[AttachedDevice, Verdict]] = {}
        self._seen: dict[str, tuple[AttachedDevice, Verdict, SeenDevice]] = {}

    def use(self, profiles: Sequence[Profile]) -> None:
        """From now on: every device is judged anew."""
        self._verdicts.clear()
        self._without_ids, self._by_usb_id = [], {}
        for place in enumerate(profiles):
            ids = place[1].match.usb_ids
            if not ids:
                self._without_ids.append(place)
            for usb_id in ids:
                self._by_usb_id.setdefault(usb_id, []).append(place)

    def look_again(self, attached: Sequence[AttachedDevice]) -> None:
        """What is gone is forgotten; links that lead elsewhere make configured paths stand for other devices."""
        targets = [os.path.realpath(path) for path in self._paths]
        if targets != self._targets:
            self._targets = targets
            self._verdicts.clear()
        identities = {device.identity for device in attached}
        for memo in (self._verdicts, self._seen):
            for identity in memo.keys() - identities:
                del memo[identity]

    def judge(self, device: AttachedDevice) -> Verdict:
        """As ``claim_rule.judge``."""
        known = self._verdicts.get(device.identity)
        if known is None or known[0] != device:
            of_model = self._by_usb_id.get(device.usb_id or "", [])
            # In the order in which they were loaded: equals are told in it.
            profiles = [each for _, each in sorted((*of_model, *self._without_ids), key=lambda place: place[0])]
            known = device, judge(device, self._settings, self._configured, profiles)
            self._verdicts[device.identity] = known
        return known[1]

    def seen(self, device: AttachedDevice, verdict: Verdict) -> SeenDevice:
        """As ``survey.seen``."""
        known = self._seen.get(device.identity)
        if known is None or known[0] != device or known[1] != verdict:
            known = self._seen[device.identity] = device, verdict, seen(device, verdict)
        return known[2]
