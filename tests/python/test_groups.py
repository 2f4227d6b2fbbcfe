"""Groups: leases, how they end, workers, dead letters, asyncio."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import warnings
from typing import Callable

import shmbus
from support import BusTest, wait_until


def take(group: shmbus.Group) -> shmbus.Lease:
    lease = group.take()
    assert lease is not None
    return lease


def settle(group: shmbus.Group) -> None:
    """Takes one event, and acknowledges it in time."""
    while True:
        try:
            return take(group).acknowledge()
        except shmbus.Error as error:
            if error.code != "expired":
                raise


class GroupTest(BusTest):
    def publish(self, *payloads: object) -> None:
        for payload in payloads:
            self.bus.publish("a.b", payload)

    def dead(self) -> list[shmbus.Event]:
        self.dead_letters = self.bus.subscriber("a.b.dead", start="oldest")
        return [event.retain() for event in iter(self.dead_letters.next, None)]


class Leases(GroupTest):
    def test_each_event_goes_to_one_member(self) -> None:
        first, second = self.bus.group("a.b", "g"), self.bus.group("a.b", "g")
        self.publish(*(str(i) for i in range(6)))
        leases = [take(member) for member in (first, second) for _ in range(3)]
        self.assertEqual(sorted(lease.event.text for lease in leases), list("012345"))
        for lease in leases:
            lease.acknowledge()
        self.assertIsNone(first.take(0))
        self.assertIsNone(second.take(timeout=0.01))
        self.assertEqual((first.topic, first.name, first.status, first.lost), ("a.b", "g", "ok", 0))
        self.assertFalse(first.cautious or first.closed or first.interrupted)

    def test_a_block_acknowledges(self) -> None:
        group = self.bus.group("a.b", "g", backoff=[0])
        self.publish("x")
        with take(group) as lease:
            self.assertEqual((lease.event.text, lease.deliveries, lease.alive), ("x", 1, True))
        self.assertFalse(lease.alive)
        self.assertIsNone(group.take(0.05))

    def test_an_exception_gives_back(self) -> None:
        group = self.bus.group("a.b", "g", backoff=[0])
        self.publish("x")
        with self.assertRaisesRegex(LookupError, "mine"):
            with take(group):
                raise LookupError("mine")
        with take(group) as again:
            self.assertEqual((again.event.text, again.deliveries), ("x", 2))

    def test_a_block_that_ends_its_lease_itself(self) -> None:
        group = self.bus.group("a.b", "g", backoff=[0])
        self.publish("x")
        with take(group) as lease:
            lease.give_back()
        with take(group) as lease:
            lease.acknowledge()
        self.assertEqual(lease.deliveries, 2)
        self.assertIsNone(group.take(0))

    def test_a_delay(self) -> None:
        group = self.bus.group("a.b", "g", backoff=[0])
        self.publish("x")
        before = time.monotonic()
        take(group).give_back(delay=0.2)
        self.assertIsNone(group.take(0))
        take(group).acknowledge()
        self.assertGreaterEqual(time.monotonic() - before, 0.15)

    def test_rejected_events_are_dead_letters(self) -> None:
        group = self.bus.group("a.b", "g", name="checker")
        self.bus.publish("a.b", "x", headers={"h": "v"}, key="k")
        lease = take(group)
        origin = lease.event.id
        lease.reject("no such customer ä")
        (dead,) = self.dead()
        self.assertEqual((dead.text, dead.key, dead.header("h")), ("x", "k", "v"))
        self.assertEqual(dead.header("shmbus-origin"), str(origin))
        self.assertEqual((dead.header("shmbus-group"), dead.header("shmbus-deliveries")), ("g", "1"))
        self.assertEqual(dead.header("shmbus-reason"), "no such customer ä")
        self.assertIn("checker", dead.header("shmbus-holder") or "")
        self.assertIsNone(group.take(0.02))

    def test_too_many_deliveries_make_a_dead_letter(self) -> None:
        group = self.bus.group("a.b", "g", backoff=[0], max_deliveries=2, dead_letters="a.b.dead")
        self.publish("x")
        take(group).give_back()
        take(group).give_back()
        self.assertIsNone(group.take(0.1))
        (dead,) = self.dead()
        self.assertEqual((dead.text, dead.header("shmbus-deliveries")), ("x", "2"))

    def test_a_lease_that_ran_out(self) -> None:
        group = self.bus.group("a.b", "g", lease=0.02, backoff=[0])
        self.publish("x")
        late = take(group)
        settle(group)  # waits for its end
        error = self.assert_error("expired", "event 1 of group 'g' of topic 'a.b'", late.acknowledge)
        self.assertIn("leased again", error.found)
        self.assertFalse(late.alive)

    def test_a_block_whose_lease_ran_out(self) -> None:
        group = self.bus.group("a.b", "g", lease=0.02, backoff=[0])
        self.publish("x")

        def handle() -> None:
            with take(group):
                settle(group)

        self.assert_error("expired", "longer lease", handle)

        def fail() -> None:
            with take(group):
                settle(group)
                raise LookupError  # says more than that the lease is over

        self.publish("y")
        with self.assertRaises(LookupError):
            fail()

    def test_extend(self) -> None:
        group = self.bus.group("a.b", "g", lease=1, lease_most=60, backoff=[0])
        self.publish("x")
        lease = take(group)
        lease.extend(50)
        self.assertIsNone(group.take(1.3))
        lease.acknowledge()
        short = self.bus.group("a.b", "short", lease=0.02, lease_most=0.02, backoff=[0], start="oldest")
        lease = take(short)
        settle(short)
        self.assert_error("expired", "lease_most", lambda: lease.extend(1))
        self.assertTrue(lease.alive)
        self.assert_error("expired", "event 1", lease.acknowledge)

    def test_by_key(self) -> None:
        group = self.bus.group("a.b", "g", order="by_key")
        for key in "AAB":
            self.bus.publish("a.b", key, key=key)
        first, second = take(group), take(group)
        self.assertEqual((first.event.text, second.event.text), ("A", "B"))
        self.assertIsNone(group.take(0.02))
        first.acknowledge()
        third = take(group)
        self.assertEqual((third.event.sequence, third.event.key), (2, "A"))
        second.acknowledge()
        third.acknowledge()

    def test_a_key_of_its_own(self) -> None:
        events: list[shmbus.Event] = []

        def user(event: shmbus.Event) -> str:
            events.append(event)
            return str(event.json()["user"])

        group = self.bus.group("a.b", "g", order="by_key", key=user)
        self.publish({"user": 1}, {"user": 1}, {"user": 2})
        first, second = take(group), take(group)
        self.assertEqual((first.event.sequence, second.event.sequence), (1, 3))
        self.assertFalse(any(event.alive for event in events))
        first.acknowledge()
        second.acknowledge()
        take(group).acknowledge()

    def test_a_key_that_raises(self) -> None:
        group = self.bus.group("a.b", "g", order="by_key", key=lambda event: event.json()["user"])
        for user in ("no json", "neither"):
            self.bus.publish("a.b", user, key="k")
        lease = take(group)  # by the publisher's key
        self.assertIsNone(group.take(0.02))
        lease.acknowledge()
        take(group).acknowledge()

    def test_iterate(self) -> None:
        group = self.bus.group("a.b", "g")
        threading.Timer(0.02, lambda: self.publish("0", "1", "2")).start()
        seen = []
        for lease in group:
            with lease:
                seen.append(lease.event.text)
            if len(seen) == 3:
                threading.Timer(0.02, group.interrupt).start()
        self.assertEqual(seen, ["0", "1", "2"])
        self.assertTrue(group.interrupted)
        self.assertIsNone(group.take())

    def test_several_threads_take(self) -> None:
        group = self.bus.group("a.b", "g")
        lock, seen = threading.Lock(), []

        def work() -> None:
            for lease in group:
                with lease:
                    text = lease.event.text
                with lock:
                    seen.append(text)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.publish(*(str(i) for i in range(200)))
        wait_until(lambda: len(seen) == 200)
        group.close()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(seen, key=int), [str(i) for i in range(200)])

    def test_ends_when_the_bus_is_removed(self) -> None:
        group = self.bus.group("a.b", "g")
        threading.Timer(0.05, lambda: shmbus.Bus.remove(self.name)).start()
        self.assertEqual(list(group), [])
        self.assertEqual(group.status, "closed")

    def test_a_signal_ends_a_take(self) -> None:
        group = self.bus.group("a.b", "g")
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with self.assertRaises(KeyboardInterrupt):
            group.take()

    def test_options_that_the_group_has_otherwise(self) -> None:
        self.bus.topic("a.b")
        self.assertEqual(self.bus.group("a.b", "g", window=1024, lease=1).different, [])
        other = self.bus.group("a.b", "g", window=2048, lease=1)
        self.assertEqual(other.different[0], ("window", "2048", "1024"))

    def test_remove(self) -> None:
        self.publish("1")
        group = self.bus.group("a.b", "g", start="oldest")
        self.assert_error("busy", "living member", lambda: self.bus.remove_group("a.b", "g"))
        take(group).acknowledge()
        group.close()
        self.assertTrue(self.bus.remove_group("a.b", "g"))
        self.assertFalse(self.bus.remove_group("a.b", "g"))
        with self.bus.group("a.b", "g", start="oldest") as group, take(group) as lease:
            self.assertEqual(lease.event.text, "1")

    def test_another_process_takes_over(self) -> None:
        self.publish("x")
        program = (
            "import sys, shmbus, time\n"
            "lease = shmbus.Bus(sys.argv[1]).group('a.b', 'g', start='oldest', backoff=[0]).take()\n"
            "print(lease.event.text, flush=True)\n"
            "time.sleep(1000)\n"
        )
        with subprocess.Popen([sys.executable, "-c", program, self.name], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            self.assertEqual(process.stdout.readline(), "x\n")
            group = self.bus.group("a.b", "g")
            self.assertIsNone(group.take(0.05))
            process.kill()
            with take(group) as lease:
                self.assertEqual((lease.event.text, lease.deliveries), ("x", 2))


class Memory(GroupTest):
    def setUp(self) -> None:
        super().setUp()
        self.publisher = self.bus.publisher("a.b", block_size=4096, blocks=2)
        self.group = self.bus.group("a.b", "g")

    def lap(self) -> None:
        """Overwrites the ring some times."""
        for _ in range(50):
            self.publisher.publish(b"\xff" * 1000)
            take(self.group).acknowledge()

    def test_a_view_raises_once_its_lease_has_ended(self) -> None:
        for end in (
            lambda lease: lease.acknowledge(),
            lambda lease: lease.give_back(1000),
            lambda lease: lease.reject("no"),
        ):
            self.publisher.publish(b"abc")
            lease = take(self.group)
            event = lease.event
            view = event.payload
            self.assertTrue(view.readonly)
            self.assertIs(event, lease.event)
            self.assertIs(view, lease.event.payload)
            self.assertEqual(bytes(view), b"abc")
            end(lease)
            with self.assertRaisesRegex(ValueError, "released memoryview"):
                view[0]
            error = self.assert_error("closed", "retain()", lambda: event.payload)
            self.assertIn("until its lease ends", error.expected)
            self.assert_error("closed", "already", lambda: lease.event)

    def test_a_view_raises_once_its_lease_is_dropped(self) -> None:
        self.publisher.publish(b"abc")
        lease = take(self.group)
        view = lease.event.payload
        with self.assertWarns(ResourceWarning):
            del lease
            gc.collect()
        with self.assertRaises(ValueError):
            view[0]

    def test_an_event_keeps_its_lease(self) -> None:
        self.publisher.publish(b"abc")
        event = take(self.group).event
        gc.collect()
        self.assertEqual(event.text, "abc")
        with self.assertWarnsRegex(ResourceWarning, "event 1 of group 'g' of topic 'a.b' was dropped"):
            del event
            gc.collect()

    def test_slices_and_retained_events_outlive_it(self) -> None:
        self.publisher.publish(b"abcdef")
        lease = take(self.group)
        part, kept = lease.event.payload[2:4], lease.event.retain()
        lease.acknowledge()
        self.lap()
        self.assertEqual((bytes(part), kept.bytes()), (b"cd", b"abcdef"))
        self.group.close()
        self.publisher.close()
        self.bus.close()
        gc.collect()
        self.assertEqual((bytes(part), kept.bytes()), (b"cd", b"abcdef"))

    def test_a_lease_outlives_its_group(self) -> None:
        self.publisher.publish(b"abc")
        lease = take(self.group)
        self.group.close()
        self.assertEqual(lease.event.text, "abc")
        lease.acknowledge()
        with self.bus.group("a.b", "g") as group:
            self.assertIsNone(group.take(0.02))


class Workers(GroupTest):
    def test_subscriptions_share_the_events(self) -> None:
        lock, seen = threading.Lock(), []

        def handler(event: shmbus.Event) -> None:
            with lock:
                seen.append(int(event.text))

        first = self.bus.subscribe("a.b", handler, group="g", workers=2, name="first")
        second = self.bus.subscribe("a.b", handler, group="g")
        self.publish(*(str(i) for i in range(300)))
        wait_until(lambda: len(seen) == 300)
        wait_until(lambda: first.handled + second.handled == 300)
        self.assertEqual(sorted(seen), list(range(300)))
        self.assertEqual((first.status, first.handler_errors, first.lost), ("ok", 0, 0))

    def test_exceptions_are_counted_and_logged_and_the_event_comes_again(self) -> None:
        tries: list[str] = []

        @self.bus.subscribe("a.b", group="g", backoff=[0.01])
        def handler(event: shmbus.Event) -> None:
            tries.append(event.text)
            if len(tries) <= 2:
                raise ValueError("bad event " + event.text)

        with self.assertLogs("shmbus", logging.ERROR) as logs:
            self.publish("1")
            wait_until(lambda: len(tries) == 3)
        self.assertEqual(tries, ["1", "1", "1"])
        self.assertEqual(len(logs.output), 2)
        self.assertIn("bad event 1", logs.output[0])

    def test_handlers_that_always_fail_make_dead_letters(self) -> None:
        def handler(event: shmbus.Event) -> None:
            raise ValueError("never")

        with self.assertLogs("shmbus", logging.ERROR):
            subscription = self.bus.subscribe("a.b", handler, group="g", backoff=[0], max_deliveries=3)
            self.publish("x")
            wait_until(lambda: len(self.dead()) == 1)
        self.assertEqual((subscription.handler_errors, subscription.handled), (3, 3))
        self.assertEqual(self.dead()[0].header("shmbus-deliveries"), "3")
        subscription.stop()
        self.assertEqual(subscription.status, "closed")

    def test_events_name_their_cause(self) -> None:
        echoes = self.bus.subscriber("echo")
        self.bus.subscribe("a.b", lambda event: self.bus.publish("echo", event.text), group="g")
        self.publish("x")
        event = next(echoes)
        assert event.cause is not None
        self.assertEqual((event.cause.sequence, event.text), (1, "x"))

    def test_typed(self) -> None:
        class Watch(shmbus.Struct, name="test.Watch"):
            user: shmbus.u64

        seen: list[int] = []
        self.publish(Watch(user=7))
        self.bus.subscribe(
            "a.b", lambda event: seen.append(event.value(Watch).user), type=Watch, group="g", start="oldest"
        )
        wait_until(lambda: seen == [7])


class Async(GroupTest):
    def test_iterate(self) -> None:
        async def read() -> list[str]:
            seen = []
            group = self.bus.group("a.b", "g")
            threading.Timer(0.02, lambda: self.publish(*(str(i) for i in range(100)))).start()
            async for lease in group:
                with lease:
                    seen.append(lease.event.text)
                if len(seen) == 100:
                    break
            return seen

        self.assertEqual(asyncio.run(read()), [str(i) for i in range(100)])

    def test_other_tasks_run_meanwhile(self) -> None:
        async def run() -> tuple[str, int]:
            group = self.bus.group("a.b", "g")
            waiting = asyncio.create_task(group.take_async())
            turns = 0
            while turns < 10:
                await asyncio.sleep(0.001)
                turns += 1
            self.publish("x")
            lease = await waiting
            assert lease is not None
            with lease:
                return lease.event.text, turns

        self.assertEqual(asyncio.run(run()), ("x", 10))

    def test_several_tasks(self) -> None:
        async def work(group: shmbus.Group) -> str:
            lease = await group.take_async()
            assert lease is not None
            with lease:
                await asyncio.sleep(0)
                return lease.event.text

        async def run() -> list[str]:
            group = self.bus.group("a.b", "g")
            tasks = [asyncio.create_task(work(group)) for _ in range(5)]
            await asyncio.sleep(0.02)
            self.publish(*"01234")
            return sorted(await asyncio.gather(*tasks))

        self.assertEqual(asyncio.run(run()), list("01234"))

    def test_timeouts(self) -> None:
        async def run() -> None:
            group = self.bus.group("a.b", "g")
            self.assertIsNone(await group.take_async(0))
            self.assertIsNone(await group.take_async(timeout=0.02))
            self.publish("x")
            lease = await group.take_async(0)
            assert lease is not None
            lease.acknowledge()

        asyncio.run(run())

    def test_a_lease_is_not_lost_when_its_task_is_cancelled(self) -> None:
        async def run() -> None:
            group = self.bus.group("a.b", "g", backoff=[0])
            for i in range(20):
                task = asyncio.create_task(group.take_async())
                await asyncio.sleep(0.001 * i)
                self.publish(str(i))
                task.cancel()
                lease = None
                try:
                    lease = await task
                except asyncio.CancelledError:
                    lease = await group.take_async()
                assert lease is not None
                with lease:
                    self.assertEqual((lease.event.text, lease.deliveries), (str(i), 1))

        asyncio.run(run())

    def test_a_lease_that_no_task_wants_goes_back(self) -> None:
        async def run() -> None:
            group, other = self.bus.group("a.b", "g", backoff=[0]), self.bus.group("a.b", "g")
            task = asyncio.create_task(group.take_async())
            await asyncio.sleep(0.01)
            task.cancel()
            self.publish("x")
            with self.assertRaises(asyncio.CancelledError):
                await task
            lease = await other.take_async()
            assert lease is not None
            lease.acknowledge()

        asyncio.run(run())

    def test_interrupt_and_close(self) -> None:
        async def run(end: Callable[[shmbus.Group], None]) -> None:
            group = self.bus.group("a.b", "g")
            tasks = [asyncio.create_task(group.take_async()) for _ in range(3)]
            await asyncio.sleep(0.02)
            end(group)
            self.assertEqual(await asyncio.gather(*tasks), [None] * 3)
            self.assertEqual([lease async for lease in group], [])

        asyncio.run(run(lambda group: group.interrupt()))
        asyncio.run(run(lambda group: group.close()))

    def test_ends_when_the_bus_is_removed(self) -> None:
        async def run() -> list[shmbus.Lease]:
            group = self.bus.group("a.b", "g")
            threading.Timer(0.05, lambda: shmbus.Bus.remove(self.name)).start()
            return [lease async for lease in group]

        self.assertEqual(asyncio.run(run()), [])

    def test_a_program_may_end_while_its_thread_waits(self) -> None:
        program = (
            "import asyncio, sys, shmbus\n"
            "group = shmbus.Bus(sys.argv[1]).group('a.b', 'g')\n"
            "try:\n"
            "    asyncio.run(asyncio.wait_for(group.take_async(), 0.02))\n"
            "except asyncio.TimeoutError:\n"
            "    print('ended')\n"
        )
        done = subprocess.run([sys.executable, "-c", program, self.name], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ended\n", ""))


class Inspecting(GroupTest):
    def test_groups(self) -> None:
        inspector = shmbus.Inspector(self.name)
        self.assertEqual((inspector.groups(), inspector.group_events("a.b", "g")), ([], []))
        member = self.bus.group("a.b", "g", max_deliveries=7, backoff=[1, 2], name="worker")
        self.publish("x", "y", "z")
        take(member).acknowledge()
        held = take(member)
        (group,) = inspector.groups()
        self.assertEqual((group["topic"], group["group"], group["problem"]), ("a.b", "g", ""))
        self.assertEqual((group["leased"], group["lag"], group["counts"]["acknowledged"]), (1, 2, 1))
        self.assertEqual((group["options"]["max_deliveries"], group["options"]["backoff"]), (7, [10**9, 2 * 10**9]))
        self.assertIn("worker", group["members"][0]["name"])
        events = inspector.group_events("a.b", "g")
        self.assertEqual([(e["sequence"], e["state"]) for e in events], [(2, "leased"), (3, "unread")])
        self.assertEqual(len(inspector.group_events("a.b", "g", 1)), 1)
        held.acknowledge()


class Misuse(GroupTest):
    def test_a_lease_ends_once(self) -> None:
        group = self.bus.group("a.b", "g")
        for how, end in (
            ("acknowledged", lambda lease: lease.acknowledge()),
            ("given back", lambda lease: lease.give_back(1000)),
            ("rejected", lambda lease: lease.reject("no")),
        ):
            self.publish("x")
            lease = take(group)
            end(lease)
            again = (lease.acknowledge, lease.give_back, lambda: lease.reject("no"), lambda: lease.extend(1), lambda: lease.event)
            for call in again:
                self.assert_error("closed", f"was {how} already", call)
            self.assertIn("ended", repr(lease))

    def test_a_lease_that_is_dropped_gives_its_event_back_and_warns(self) -> None:
        group = self.bus.group("a.b", "g", backoff=[0])
        self.publish("x")
        with self.assertWarnsRegex(ResourceWarning, "event 1 of group 'g'.*given back.*with block"):
            take(group)
            gc.collect()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with take(group) as lease:
                self.assertEqual(lease.deliveries, 2)
            del lease
            gc.collect()

    def test_use_after_close(self) -> None:
        group = self.bus.group("a.b", "g")
        group.close()
        group.close()
        self.assertTrue(group.closed)
        for call in (group.take, group.interrupt, lambda: group.status, lambda: group.lost):
            self.assert_error("closed", "group 'g' of topic 'a.b'", call)
        self.assert_error("closed", "group 'g'", lambda: asyncio.run(group.take_async()))
        self.assertEqual(list(group), [])
        self.bus.close()
        self.assert_error("closed", self.name, lambda: self.bus.group("a.b", "g"))

    def test_close_while_another_thread_takes(self) -> None:
        group = self.bus.group("a.b", "g")
        taken: list[object] = []
        thread = threading.Thread(target=lambda: taken.append(group.take()))
        thread.start()
        time.sleep(0.02)
        group.close()
        thread.join()
        self.assertEqual(taken, [None])

    def test_a_lease_in_another_thread(self) -> None:
        group = self.bus.group("a.b", "g")
        self.publish("x")
        lease = take(group)
        seen: list[str] = []

        def work() -> None:
            with lease:
                seen.append(lease.event.text)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertEqual(seen, ["x"])
        self.assert_error("closed", "acknowledged already", lease.acknowledge)

    def test_a_child_uses_its_parents_group(self) -> None:
        group = self.bus.group("a.b", "g", backoff=[0])
        self.publish("x", "y")
        lease, dropped = take(group), take(group)
        view = lease.event.payload

        def use() -> None:
            nonlocal dropped
            self.assert_error("closed", "forked child", group.take)
            self.assert_error("closed", "forked child", lambda: next(group))
            self.assert_error("closed", "forked child", lambda: asyncio.run(group.take_async()))
            assert group.status == "closed"
            assert bytes(view) == b"x"
            self.assert_error("closed", "forked child", lease.acknowledge)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                del dropped
                gc.collect()
            group.close()
            self.bus.close()
            with shmbus.Bus(self.name) as own, own.group("a.b", "g") as mine:
                assert mine.take(0.05) is None

        self.run_in_child(use)
        lease.acknowledge()
        dropped.acknowledge()
        self.assertIsNone(group.take(0.02))

    def test_a_child_ends_while_its_parent_waits_in_a_task(self) -> None:
        program = (
            "import asyncio, os, sys, threading, time, shmbus\n"
            "bus = shmbus.Bus(sys.argv[1])\n"
            "group = bus.group('a.b', 'g')\n"
            "async def work():\n"
            "    with await group.take_async() as lease:\n"
            "        print(lease.event.text)\n"
            "thread = threading.Thread(target=lambda: asyncio.run(work()))\n"
            "thread.start()\n"
            "time.sleep(0.02)\n"
            "child = os.fork()\n"
            "if child == 0:\n"
            "    sys.exit(0)\n"  # with all that the interpreter does at its end
            "assert os.waitpid(child, 0)[1] == 0\n"
            "bus.publish('a.b', 'x')\n"
            "thread.join()\n"
        )
        done = subprocess.run([sys.executable, "-c", program, self.name], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, "x\n"), done.stderr)

    def test_options(self) -> None:
        with self.assertRaisesRegex(TypeError, "there is no option 'windows'"):
            self.bus.group("a.b", "g", windows=1)
        with self.assertRaisesRegex(TypeError, "there is no option 'durable'"):
            self.bus.subscribe("a.b", print, group="g", durable="d")
        with self.assertRaisesRegex(TypeError, "there is no option 'lease'"):
            self.bus.subscribe("a.b", print, lease=1)
        with self.assertRaisesRegex(TypeError, "backoff: expected a list of seconds"):
            self.bus.group("a.b", "g", backoff="1s")
        with self.assertRaisesRegex(TypeError, "key: expected a function"):
            self.bus.group("a.b", "g", key="user")
        self.assert_error("invalid_option", "window", lambda: self.bus.group("a.b", "g", window=1))
        self.assert_error("invalid_option", "'any', 'by_key'", lambda: self.bus.group("a.b", "g", order="key"))
        self.assert_error("invalid_option", "by_key", lambda: self.bus.group("a.b", "g", key=lambda event: "k"))
        self.assert_error("invalid_name", "no/slash", lambda: self.bus.group("a.b", "no/slash"))
        self.assert_error("invalid_name", "a.*", lambda: self.bus.group("a.*", "g"))
        with self.assertRaisesRegex(TypeError, "reason: expected str or bytes"):
            self.publish("x")
            group = self.bus.group("a.b", "g", start="oldest")
            with take(group) as lease:
                lease.reject(7)  # type: ignore[arg-type]

    def test_the_end_of_a_program_with_leases_out(self) -> None:
        program = (
            "import sys, shmbus\n"
            "bus = shmbus.Bus(sys.argv[1])\n"
            "bus.subscribe('a.b', print, group='other', key=lambda e: e.text, order='by_key')\n"
            "lease = bus.group('a.b', 'g', start='oldest', key=lambda e: e.text, order='by_key').take()\n"
            "view = lease.event.payload\n"
            "print(lease.deliveries)\n"
        )
        self.publish("x", "x")
        for deliveries in ("1", "2", "3"):
            done = subprocess.run([sys.executable, "-c", program, self.name], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout.strip(), done.stderr), (0, deliveries, ""))


if __name__ == "__main__":
    unittest.main()
