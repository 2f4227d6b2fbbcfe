"""Mistakes: each raises, says what to do, and nothing crashes."""

import threading
import unittest

import shmbus
from support import BusTest, wait_until


class Misuse(BusTest):
    def test_01_an_event_is_used_after_its_handler(self) -> None:
        kept: list[shmbus.Event] = []
        subscriber = self.bus.subscriber("a.b")
        self.bus.publish("a.b", "x")
        subscriber.poll(kept.append)
        event = kept[0]
        for use in (lambda: event.text, lambda: event.payload, lambda: event.id, event.json, event.retain, event.scope):
            self.assert_error("closed", "event.retain()", use)
        self.assertEqual(repr(event), "<shmbus.Event, ended>")

    def test_02_a_bus_that_does_not_exist(self) -> None:
        self.assert_error("not_found", "nosuchbus", lambda: shmbus.Bus("nosuchbus", create=False))

    def test_03_a_name_that_is_none(self) -> None:
        self.assert_error("invalid_name", "no/slash", lambda: shmbus.Bus("no/slash"))
        self.assert_error("invalid_name", "a..b", lambda: self.bus.publish("a..b", "x"))

    def test_04_a_payload_that_is_none(self) -> None:
        for value in (42, None, object()):
            with self.assertRaisesRegex(TypeError, "payload: expected bytes, str, dict, list"):
                self.bus.publish("a.b", value)
        with self.assertRaisesRegex(TypeError, "not JSON serializable"):
            self.bus.publish("a.b", {"x": object()})

    def test_05_options_that_do_not_exist(self) -> None:
        with self.assertRaisesRegex(TypeError, "there is no option 'block_sise'"):
            self.bus.publisher("a.b", block_sise=4096)
        self.assert_error("invalid_option", "'lossy', 'reliable'", lambda: self.bus.subscriber("a.b", delivery="sure"))
        self.assert_error("invalid_option", "'oldest'", lambda: self.bus.subscriber("a.b", start="first"))
        self.assert_error("invalid_option", "5000", lambda: self.bus.publisher("a.b", block_size=5000))
        with self.assertRaisesRegex(TypeError, "blocks"):
            self.bus.publisher("a.b", blocks="many")

    def test_06_two_threads_in_one_subscriber(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        waiting = threading.Thread(target=subscriber.wait)
        waiting.start()
        errors: list[shmbus.Error] = []

        def refused() -> bool:
            try:
                subscriber.next()
                return False
            except shmbus.Error as error:
                errors.append(error)
                return True

        wait_until(refused)
        self.assertEqual(errors[0].code, "busy")
        self.assertIn("give each thread its own", errors[0].remedy)
        self.assert_error("busy", "one thread", subscriber.close)
        subscriber.interrupt()
        waiting.join()

    def test_07_a_poll_in_its_own_handler(self) -> None:
        subscriber = self.bus.subscriber("a.b")
        self.bus.publish("a.b", "x")
        self.assert_error("busy", "subscriber", lambda: subscriber.poll(lambda event: subscriber.next()))
        self.bus.publish("a.b", "x")
        self.assert_error("busy", "subscriber", lambda: subscriber.poll(lambda event: subscriber.close()))

    def test_08_use_after_close(self) -> None:
        publisher, subscriber = self.bus.publisher("a.b"), self.bus.subscriber("a.b")
        for thing in (publisher, subscriber):
            thing.close()
            thing.close()
        self.assert_error("closed", "a.b", lambda: publisher.publish("x"))
        self.assert_error("closed", "a.b", subscriber.next)
        self.assert_error("closed", "a.b", lambda: subscriber.lost)
        self.bus.close()
        self.bus.close()
        self.assert_error("closed", self.name, lambda: self.bus.subscriber("a.b"))
        self.assert_error("closed", self.name, self.bus.run_until_signal)

    def test_09_a_child_uses_its_parents_bus(self) -> None:
        publisher, subscriber = self.bus.publisher("a.b"), self.bus.subscriber("a.b")
        subscription = self.bus.subscribe("a.b", lambda event: None)
        self.bus.publish("a.b", "x")
        event = next(subscriber)
        view = event.payload

        def use() -> None:
            self.assert_error("closed", "open the bus again", lambda: publisher.publish("x"))
            self.assert_error("closed", "a.b", lambda: self.bus.publish("a.b", "x"))
            assert subscriber.status == "closed" and subscription.status == "closed"
            assert bytes(view) == b"x"
            assert subscriber.next() is None
            self.bus.close()
            with shmbus.Bus(self.name) as own:
                own.publish("a.b", "from the child")

        self.run_in_child(use)
        self.assertEqual(next(subscriber).text, "from the child")
        publisher.publish("the parent goes on")
        self.assertEqual(next(subscriber).text, "the parent goes on")

    def test_10_the_wrong_type(self) -> None:
        class Watch(shmbus.Struct, name="test.Watch"):
            user_id: shmbus.u64

        publisher = self.bus.publisher("a.b", Watch)
        self.assert_error("type_mismatch", "test.Watch", lambda: publisher.publish(b"too short"))
        with self.assertRaisesRegex(TypeError, "a subclass of shmbus.Struct"):
            self.bus.publisher("a.c", int)  # type: ignore[arg-type]
        self.assert_error("type_mismatch", "test.Watch", lambda: self.bus.publish("a.b", {"user_id": 1}))

    def test_11_a_handler_that_is_a_coroutine_function(self) -> None:
        async def handler(event: shmbus.Event) -> None:
            pass

        for options in ({}, {"group": "g"}):
            with self.assertRaisesRegex(TypeError, "handler .*async for"):
                self.bus.subscribe("a.b", handler, **options)  # type: ignore[call-overload]


if __name__ == "__main__":
    unittest.main()
