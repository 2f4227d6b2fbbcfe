"""Publishes an event for each video that somebody starts: video_service.py [BUS [EVENTS [PER_SECOND]]]"""

from __future__ import annotations

import sys
import time

import shmbus
from streaming_events import WatchStarted


def main(name: str = "streaming", events: str = "10", per_second: str = "1000") -> None:
    bus = shmbus.Bus(name)
    started = bus.publisher("video.watch_started", WatchStarted)
    for i in range(int(events)):
        started.publish(WatchStarted(user=i % 100, video=i % 7, time=int(time.time()), rating=4.5))
        print(f"user {i % 100} watches video {i % 7}", flush=True)  # and gets an answer: no service is waited for
        time.sleep(1 / float(per_second))


main(*sys.argv[1:])
