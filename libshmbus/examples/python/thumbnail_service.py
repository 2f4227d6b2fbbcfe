"""Makes thumbnails. Start it as often as you like: all of them share the images: thumbnail_service.py [BUS]

An image whose process fails or is killed goes to another one. One that can't be handled becomes a dead letter.
"""

from __future__ import annotations

import signal
import sys

import shmbus


def main(name: str = "streaming") -> None:
    with shmbus.Bus(name) as bus, bus.group("image.uploaded", "thumbnails", start="oldest", max_deliveries=3) as group:
        signal.signal(signal.SIGTERM, lambda *_: group.interrupt())
        print("thumbnail service: ready", flush=True)
        for lease in group:
            with lease:  # its end acknowledges; after an exception the event comes again
                image = lease.event.text
                if image.endswith(".png"):
                    print(f"{lease.event.sequence}: a thumbnail of {image}", flush=True)
                else:
                    lease.reject("not an image")


main(*sys.argv[1:])
