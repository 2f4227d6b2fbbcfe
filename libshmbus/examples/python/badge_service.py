"""Gives badges. It was added later, and no other service was changed for it: badge_service.py [BUS]"""

from __future__ import annotations

import collections
import sys

import shmbus
from streaming_events import WatchStarted


def main(name: str = "streaming") -> None:
    watched: collections.Counter[int] = collections.Counter()
    with shmbus.Bus(name) as bus:

        @bus.subscribe("video.watch_started", type=WatchStarted, start="oldest")
        def award_badge(event: shmbus.Event) -> None:
            user = event.value(WatchStarted).user
            watched[user] += 1
            print(f"{event.sequence}: user {user} has watched {watched[user]}", flush=True)

        bus.run_until_signal()


main(*sys.argv[1:])
