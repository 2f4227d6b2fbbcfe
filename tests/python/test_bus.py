"""Buses, topics, publishing, polling, waiting, handlers, durable subscriptions, journals."""

import logging
import os
import pickle
import select
import signal
import threading
import unittest

import shmbus
from support import BusTest, wait_until


class Publishing(BusTest):
    def test_payloads(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        values = [b"bytes", bytearray(b"array"), memoryview(b"view"), "text ä", {"a": [1, "ä"]}, [1, 2], b""]
        for value in values:
            self.bus.publish("a.b", value)
        read = [event.bytes() for event in iter(subscriber.next, None) if True]
        self.assertEqual(read, [b"bytes", b"array", b"view", "text ä".encode(), '{"a":[1,"ä"]}'.encode(), b"[1,2]", b""])

    def test_headers_key_trace(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        number = self.bus.publish("a.b", b"x", headers={"content-type": "json", "x": ""}, key="u42", traceparent=trace)
        event = subscriber.next()
        assert event is not None
        self.assertEqual((number, event.sequence), (1, 1))
        self.assertEqual(event.headers, [("content-type", "json"), ("x", "")])
        self.assertEqual((event.header("x"), event.header("y")), ("", None))
        self.assertEqual((event.key, event.traceparent, event.cause), ("u42", trace, None))
        self.assertGreater(event.time_ns, 1_600_000_000_000_000_000)
        self.assertEqual(shmbus.EventId.parse(str(event.id)), event.id)

    def test_publish_all(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        publisher = self.bus.publisher("a.b")
        self.assertEqual(publisher.publish_all(str(i) for i in range(1000)), 1000)
        self.assertEqual([event.text for event in iter(subscriber.next, None)], [str(i) for i in range(1000)])
        error = self.assert_error("too_large", "3 events", lambda: publisher.publish_all([b"1", bytes(1 << 20), b"3"]))
        self.assertIn("found 1", str(error))

    def test_back_pressure(self) -> None:
        subscriber = self.bus.subscriber("a.b", delivery="reliable")
        publisher = self.bus.publisher("a.b", block_size=4096, blocks=2)
        published = 0
        with self.assertRaises(shmbus.Error) as raised:
            while True:
                publisher.publish(bytes(1000), timeout=0)
                published += 1
        self.assertEqual(raised.exception.code, "back_pressured")
        self.assert_error("back_pressured", "a.b", lambda: publisher.publish(bytes(1000), timeout=0.02))
        # A publish that waits gives the GIL away: another thread reads meanwhile.
        reader = threading.Timer(0.05, lambda: [subscriber.next() for _ in range(published)])
        reader.start()
        publisher.publish(bytes(1000))
        reader.join()

    def test_topics(self) -> None:
        self.bus.topic("a.b", blocks=4)
        info = self.bus.topic("a.b", blocks=8)
        self.assertEqual((info.blocks, info.different), (4, (("blocks", "8", "4"),)))
        self.assertIsNone(self.bus.find_topic("a.c"))
        self.assertTrue(self.bus.remove_topic("a.b"))
        self.assertFalse(self.bus.remove_topic("a.b"))
        self.assertTrue(shmbus.matches("a.*", "a.b") and not shmbus.matches("a.*", "a.b.c"))
        self.assertIn(self.name, shmbus.buses())
        self.assertEqual(self.bus.reap()["nodes"], 0)


class Reading(BusTest):
    def test_poll(self) -> None:
        subscriber = self.bus.subscriber("a.*")
        for i in range(5):
            self.bus.publish("a.b", str(i))
        seen: list[str] = []
        self.assertEqual(subscriber.poll(lambda event: seen.append(event.text), limit=3), 3)
        self.assertEqual(subscriber.poll(lambda event: seen.append(event.text)), 2)
        self.assertEqual((seen, subscriber.delivered, subscriber.lost, subscriber.topics), (list("01234"), 5, 0, 1))

    def test_handler_raises(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        self.bus.publish("a.b", b"1")
        self.bus.publish("a.b", b"2")
        kept: list[shmbus.Event] = []

        def handler(event: shmbus.Event) -> None:
            kept.append(event)
            raise LookupError("mine")

        with self.assertRaisesRegex(LookupError, "mine"):
            subscriber.poll(handler)
        self.assertFalse(kept[0].alive)
        event = subscriber.next()
        assert event is not None
        self.assertEqual(event.text, "2")

    def test_wait_and_descriptor(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        while subscriber.wait(0.001):
            self.assertIsNone(subscriber.next())
        descriptor = subscriber.fileno()
        while subscriber.next():
            pass
        threading.Timer(0.02, lambda: self.bus.publish("a.b", b"x")).start()
        while (event := subscriber.next()) is None:  # it may be readable for nothing
            select.select([descriptor], [], [])
        self.assertEqual(event.text, "x")
        threading.Timer(0.02, lambda: self.bus.publish("a.b", b"y")).start()
        while (event := subscriber.next()) is None:
            self.assertTrue(subscriber.wait())
        self.assertEqual(event.text, "y")
        subscriber.interrupt()
        self.assertFalse(subscriber.wait())

    def test_iterate(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        seen = []
        threading.Timer(0.02, lambda: [self.bus.publish("a.b", str(i)) for i in range(3)]).start()
        for event in subscriber:
            seen.append(event.text)
            if len(seen) == 3:
                threading.Timer(0.02, subscriber.interrupt).start()
        self.assertEqual(seen, ["0", "1", "2"])

    def test_signal_ends_wait(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with self.assertRaises(KeyboardInterrupt):
            subscriber.wait()

    def test_starts(self) -> None:
        for i in range(10):
            self.bus.publish("a.b", str(i))
        def first(start: object) -> shmbus.Event:
            self.subscriber = self.bus.subscriber("a.b", start=start)
            event = self.subscriber.next()
            assert event is not None
            return event
        self.assertEqual(first("oldest").sequence, 1)
        self.assertEqual(first(("last", 3)).sequence, 8)
        self.assertEqual(first(("sequence", 5)).sequence, 5)
        event = first(("sequence", 4))
        identity, time = event.id, event.time_ns
        self.assertEqual(first(("after", identity)).sequence, 5)
        self.assertLessEqual(first(("time_ns", time)).sequence, 4)


class Handlers(BusTest):
    def test_decorator_and_workers(self) -> None:
        lock = threading.Lock()
        seen = []

        @self.bus.subscribe("a.*", workers=3)
        def handler(event: shmbus.Event) -> None:
            with lock:
                seen.append(event.json()["i"])

        for i in range(200):
            self.bus.publish("a.b", {"i": i})
        wait_until(lambda: len(seen) == 200)
        self.assertEqual(sorted(seen), list(range(200)))
        self.assertEqual(handler.__name__, "handler")

    def test_exceptions_are_counted_and_logged(self) -> None:
        def handler(event: shmbus.Event) -> None:
            raise ValueError("bad event " + event.text)

        with self.assertLogs("shmbus", logging.ERROR) as logs:
            subscription = self.bus.subscribe("a.b", handler)
            self.bus.publish("a.b", "1")
            self.bus.publish("a.b", "2")
            wait_until(lambda: subscription.handled == 2)
        self.assertEqual((subscription.handler_errors, subscription.status), (2, "ok"))
        self.assertIn("bad event 2", logs.output[1])
        self.assertIn("test_exceptions_are_counted_and_logged", logs.output[0])
        calls = shmbus.Inspector(self.name).calls()[0]["calls"]
        self.assertEqual((calls[0]["outcome"], calls[0]["error"]), ("threw", "ValueError: bad event 1"))

    def test_cause(self) -> None:
        effects = self.bus.subscriber("effect")
        self.bus.subscribe("a.b", lambda event: self.bus.publish("effect", event.text))
        self.bus.publish("a.b", "x")
        self.assertTrue(effects.wait())
        event = next(effects)
        assert event.cause is not None
        self.assertEqual(event.cause.sequence, 1)
        with event.retain() as kept, kept.scope():
            self.bus.publish("effect", "y")
        second = next(effects)
        assert second.cause is not None
        self.assertEqual(second.cause, shmbus.EventId(*second.cause))
        self.assertEqual(second.cause.sequence, 1)

    def test_stop_in_own_handler(self) -> None:
        started = threading.Event()
        ended = threading.Event()

        def handler(event: shmbus.Event) -> None:
            started.wait()
            subscription.stop()
            ended.set()

        subscription = self.bus.subscribe("a.b", handler)
        started.set()
        self.bus.publish("a.b", "x")
        ended.wait()
        self.assertTrue(subscription.wait())
        self.assertEqual(subscription.status, "closed")

    def test_close_ends_subscriptions(self) -> None:
        subscription = self.bus.subscribe("a.b", lambda event: None)
        self.bus.close()
        self.assertEqual(subscription.status, "closed")
        self.assert_error("closed", self.name, lambda: self.bus.publish("a.b", "x"))


class Durable(BusTest):
    def test_acknowledge_forget_standby(self) -> None:
        first = self.bus.subscriber("a.b", durable="billing", acknowledge="manual")
        self.assert_error("busy", "billing", lambda: self.bus.subscriber("a.b", durable="billing"))
        for i in range(3):
            self.bus.publish("a.b", str(i))
        event = first.next()
        assert event is not None
        self.assertTrue(first.acknowledge(event))
        self.assertIsNotNone(first.next())
        second = self.bus.subscriber("a.b", durable="billing", acknowledge="manual", standby=True)
        self.assertTrue(second.standing_by)
        first.close()
        event = next(second)
        self.assertEqual(event.sequence, 2)
        self.assertEqual(shmbus.Inspector(self.name).durables()[0]["behind"], 2)
        self.assert_error("busy", "billing", lambda: self.bus.forget("billing"))
        second.close()
        self.assertTrue(self.bus.forget("billing"))
        self.assertFalse(self.bus.forget("billing"))

    def test_failed_handler_gets_the_event_again(self) -> None:
        tries: list[int] = []

        def handler(event: shmbus.Event) -> None:
            tries.append(event.sequence)
            if len(tries) == 1:
                raise OSError("try again")

        with self.assertLogs("shmbus", logging.ERROR):
            self.bus.subscribe("a.b", handler, durable="mail")
            self.bus.publish("a.b", "x")
            wait_until(lambda: len(tries) == 2)
        self.assertEqual(tries, [1, 1])


class Journals(BusTest):
    def test_wait_durable(self) -> None:
        publisher = self.bus.publisher("a.b", journal="batch", segment_file=1 << 20)
        number = publisher.publish(b"safe")
        publisher.wait_durable(number)
        self.assertTrue(publisher.durable(number))
        self.assertEqual(publisher.journal, (1, 1))
        self.assertEqual(publisher.topic.journal, "batch")
        self.assert_error("timed_out", "event 99", lambda: publisher.wait_durable(99, timeout=0.01))
        memory = self.bus.publisher("memory")
        self.assert_error("not_recorded", "memory", lambda: memory.wait_durable(memory.publish(b"x")))
        publisher.close()


class Inspecting(BusTest):
    def test_inspector(self) -> None:
        subscriber = self.bus.subscriber("a.b", name="reader")
        self.bus.publish("a.b", "x")
        inspector = shmbus.Inspector(self.name)
        snapshot = inspector.snapshot()
        topic = snapshot["topics"][0]
        self.assertEqual((topic["name"], topic["published"], topic["subscribers"][0]["name"]), ("a.b", 1, "reader"))
        self.assertEqual(inspector.events("a.b", 10)[0]["text"], "x")
        self.assertEqual(sum(slot["events"] for slot in inspector.ring("a.b")["slots"]), 1)
        self.assertEqual(inspector.leftovers(), [])
        self.assert_error("not_found", "a.c", lambda: inspector.ring("a.c"))
        self.assert_error("not_found", "nosuchbus", lambda: shmbus.Inspector("nosuchbus"))
        subscriber.close()

    def test_what_else_may_be_asked(self) -> None:
        with self.bus.subscribe("a.b", print) as subscription:
            self.assertEqual(subscription.unattached, [])
        files = {name: (count, memory, owner, whole) for name, count, memory, owner, whole in shmbus.bus_files()}
        count, memory, owner, whole = files[self.name]
        self.assertTrue(count > 0 and memory > 0 and owner == os.getuid() and whole)
        self.assert_error("invalid_option", "hold_for", lambda: self.bus.subscriber("a.b", hold_for=1))
        held = self.bus.subscriber("a.b", durable="billing", delivery="reliable", hold_for=30)
        held.close()
        with shmbus.Bus(self.name, low_space=1 << 30) as other:
            self.assertEqual(other.name, self.name)

    def test_error_has_five_parts_and_can_be_pickled(self) -> None:
        error = self.assert_error("not_found", "nosuchbus", lambda: shmbus.Bus("nosuchbus", create=False))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual(
            (again.code, again.object, again.expected, again.found, again.remedy, str(again)),
            (error.code, error.object, error.expected, error.found, error.remedy, str(error)),
        )


if __name__ == "__main__":
    unittest.main()
