"""Looks at a bus without joining it."""

from __future__ import annotations

import json
from typing import Any, Iterable

from . import _shmbus


class Inspector:
    """Inspects a bus without joining it: it takes no port and no lock, and disturbs nothing. The results are dicts and lists with
    the names of the C++ structs' members; times are nanoseconds."""

    def __init__(self, bus: str, owners: Iterable[int] = ()) -> None:
        self._json = _shmbus.InspectorJson(bus, list(owners))

    def snapshot(self) -> dict[str, Any]:
        """Returns the state of the bus: nodes, topics with their publishers and subscribers, subscriptions."""
        return dict(json.loads(self._json.snapshot()))

    def ring(self, topic: str) -> dict[str, Any]:
        """Returns the state of a topic's ring."""
        return dict(json.loads(self._json.ring(topic)))

    def events(self, topic: str, count: int, max_payload: int = 4096) -> list[dict[str, Any]]:
        """Returns copies of the last events that a topic retains, oldest first. A payload is `text` where it is UTF-8, else
        `base64`."""
        return list(json.loads(self._json.events(topic, count, max_payload)))

    def calls(self) -> list[dict[str, Any]]:
        """Returns what the flight recorders hold: the last handler calls of each subscription."""
        return list(json.loads(self._json.calls()))

    def durables(self) -> list[dict[str, Any]]:
        """Returns the durable names, and how far each has come."""
        return list(json.loads(self._json.durables()))

    def groups(self) -> list[dict[str, Any]]:
        """Returns the groups, by topic and name: their members, what is leased and what waits."""
        return list(json.loads(self._json.groups()))

    def group_events(self, topic: str, group: str, most: int = 100) -> list[dict[str, Any]]:
        """Returns the first events of a group that are not settled: who holds each, and when it may be leased again. Empty where
        there is no such group."""
        return list(json.loads(self._json.group_events(topic, group, most)))

    def read(
        self,
        pattern: str,
        start: Any = "oldest",
        *,
        max_payload: int | None = None,
        retained_only: bool = False,
        journals: bool = True,
    ) -> _shmbus.EventReader:
        """Reads the events of all topics that match a pattern, from `start` on ("latest", "oldest", ("last", n), ("sequence", n),
        ("time_ns", t), ("after", id)), also topics that are created later. `max_payload`: bytes of each payload that are copied.
        `retained_only`: what is published by now, and no more. `journals`: also what has left the ring."""
        return self._json.read(pattern, start, max_payload, retained_only, journals)

    def leftovers(self) -> list[dict[str, Any]]:
        """Returns what dead processes left."""
        return list(json.loads(self._json.leftovers()))
