"""Recommends what to watch next; kill it and start it again: recommendation_service.py [BUS]

The bus remembers how far it has come under the name "recommendation": it goes on there.
"""

from __future__ import annotations

import sys

import shmbus
from streaming_events import WatchStarted


def main(name: str = "streaming") -> None:
    with shmbus.Bus(name) as bus:

        @bus.subscribe("video.watch_started", type=WatchStarted, durable="recommendation")
        def recommend(event: shmbus.Event) -> None:
            watch = event.value(WatchStarted)
            bus.publish("recommendation.updated", {"user": watch.user, "videos": [watch.video + 1]})
            print(f"{event.sequence}: user {watch.user} should watch video {watch.video + 1}", flush=True)

        print("recommendation service: ready", flush=True)
        bus.run_until_signal()


main(*sys.argv[1:])
