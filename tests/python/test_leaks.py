"""Ten thousand subscribers and a million events, leases and groups, made and dropped: no memory, descriptor or mapping is left."""

import asyncio
import gc
import os
import unittest

import shmbus
from support import BusTest

SUBSCRIBERS = int(os.environ.get("SHMBUS_LEAK_SUBSCRIBERS", "10000"))
EVENTS = int(os.environ.get("SHMBUS_LEAK_EVENTS", "1000000"))
MEMORY = 4 << 20  # bytes that an allocator may keep


def resources() -> tuple[int, int, int]:
    """Returns the process's private memory in bytes, its descriptors and its mappings."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        fields = statm.read().split()
    with open("/proc/self/maps") as maps:
        mappings = sum(1 for _ in maps)
    private = (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
    return private, len(os.listdir("/proc/self/fd")), mappings


class Leaks(BusTest):
    def check(self, work: object, times: int) -> None:
        assert callable(work)
        work(times // 20)  # caches fill
        memory, descriptors, mappings = resources()
        work(times)
        memory_after, descriptors_after, mappings_after = resources()
        self.assertLessEqual(descriptors_after, descriptors)
        self.assertLessEqual(mappings_after, mappings + 8)
        if "libasan" not in os.environ.get("LD_PRELOAD", ""):  # which keeps what is freed
            self.assertLess(memory_after - memory, MEMORY)

    def test_subscribers(self) -> None:
        def work(times: int) -> None:
            for i in range(times):
                subscriber = self.bus.subscriber("a.*")
                self.bus.publish("a.b", b"x")
                event = subscriber.next()
                assert event is not None
                if i % 3 == 0:
                    subscriber.close()
                elif i % 3 == 1:
                    event.retain()

        self.check(work, SUBSCRIBERS)

    def test_events(self) -> None:
        publisher, subscriber = self.bus.publisher("a.b"), self.bus.subscriber("a.b")

        def work(times: int) -> None:
            for i in range(times):
                publisher.publish(b"0123456789abcdef")
                event = subscriber.next()
                assert event is not None
                if i % 4 == 0:
                    event.payload[0]
                elif i % 4 == 1:
                    event.retain().payload[1:2]
                elif i % 4 == 2:
                    event.id, event.topic, event.text

        self.check(work, EVENTS)

    def test_leases(self) -> None:
        publisher, group = self.bus.publisher("a.b"), self.bus.group("a.b", "g", backoff=[0])

        def work(times: int) -> None:
            for i in range(times):
                publisher.publish(b"0123456789abcdef")
                lease = group.take()
                assert lease is not None
                if i % 4 == 0:
                    lease.event.payload[0]
                elif i % 4 == 1:
                    lease.event.retain().payload[1:2]
                elif i % 4 == 2:
                    lease.event, lease.event, lease.event.id
                lease.acknowledge()

        self.check(work, EVENTS // 4)

    def test_groups(self) -> None:
        def work(times: int) -> None:
            for _ in range(times):
                group = self.bus.group("a.b", "g", order="by_key", key=lambda event: event.text)
                self.bus.publish("a.b", b"x")
                with group.take() as lease:  # type: ignore[union-attr]
                    kept = lease.event
                    kept.payload[0]
                self.assertIsNone(asyncio.run(group.take_async(0)))

        self.check(work, SUBSCRIBERS // 20)

    def test_readers(self) -> None:
        for i in range(100):
            self.bus.publish("a.b", str(i))

        def work(times: int) -> None:
            for _ in range(times):
                for event in shmbus.Inspector(self.name).read("a.b"):
                    event.payload[0]

        self.check(work, SUBSCRIBERS // 20)

    def test_handlers_and_errors(self) -> None:
        def work(times: int) -> None:
            for _ in range(times):
                with self.bus.subscribe("a.b", lambda event: None):
                    pass
                try:
                    self.bus.publisher("a..b")
                except shmbus.Error:
                    pass

        self.check(work, SUBSCRIBERS // 10)


if __name__ == "__main__":
    unittest.main()
