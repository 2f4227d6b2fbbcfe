"""Publishes one event and reads it: hello.py [BUS]"""

from __future__ import annotations

import sys

import shmbus


def main(name: str = "examples") -> None:
    with shmbus.Bus(name) as bus:
        # Subscribe first: a subscriber starts with the next event.
        subscriber = bus.subscriber("hello.*")
        bus.publish("hello.world", {"say": "good morning"})
        for event in iter(subscriber.next, None):
            print(f"{event.topic} #{event.sequence}: {event.json()['say']}")


main(*sys.argv[1:])
