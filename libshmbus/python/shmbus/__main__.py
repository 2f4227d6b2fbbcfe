"""A first look: `python3 -m shmbus` lists the buses of this machine, `python3 -m shmbus BUS [PATTERN]` follows one."""

from __future__ import annotations

import datetime
import sys

import shmbus


def overview() -> None:
    names = shmbus.buses()
    if not names:
        print("there is no bus on this machine; publish with: shmbus.Bus('first').publish('hello.world', 'hi')")
    for name in names:
        try:
            snapshot = shmbus.Inspector(name).snapshot()
        except shmbus.Error as error:
            print(f"{name}: {error}")
            continue
        print(f"{name}: {len(snapshot['nodes'])} nodes, {len(snapshot['topics'])} topics")
        for topic in snapshot["topics"]:
            print(f"  {topic['name']}: {topic['published']} events, {len(topic['subscribers'])} subscribers")


def follow(name: str, pattern: str) -> None:
    with shmbus.Bus(name, create=False) as bus, bus.subscriber(pattern, name="python3 -m shmbus") as subscriber:
        print(f"following '{pattern}' on bus '{name}'; Ctrl-C ends it", flush=True)
        for event in subscriber:
            time = datetime.datetime.fromtimestamp(event.time_ns / 1e9).strftime("%H:%M:%S.%f")
            print(f"{time} {event.topic} {event.sequence} {event.text!r}", flush=True)


def main(arguments: list[str]) -> int:
    if len(arguments) > 2 or any(argument.startswith("-") for argument in arguments):
        print(__doc__)
        return 0 if arguments == ["--help"] else 2
    try:
        if arguments:
            follow(arguments[0], arguments[1] if len(arguments) > 1 else ">")
        else:
            overview()
    except shmbus.Error as error:
        print(f"shmbus: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
