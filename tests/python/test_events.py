"""What becomes of an event's memory: views, arrays, retained events, loans."""

import gc
import threading
import unittest

import shmbus
from support import BusTest

try:
    import numpy
except ImportError:
    numpy = None  # type: ignore[assignment]


def next_of(subscriber: shmbus.Subscriber) -> shmbus.Event:
    event = subscriber.next()
    assert event is not None
    return event


class Views(BusTest):
    def setUp(self) -> None:
        super().setUp()
        self.publisher = self.bus.publisher("a.b", block_size=4096, blocks=2)
        self.subscriber = self.bus.subscriber("a.b")

    def lap(self) -> None:
        """Overwrites the ring some times."""
        for _ in range(100):
            self.publisher.publish(b"\xff" * 1000)

    def test_a_view_is_read_only_and_in_place(self) -> None:
        self.publisher.publish(b"abc")
        event = next_of(self.subscriber)
        self.assertTrue(event.payload.readonly)
        self.assertIs(event.payload, event.payload)
        self.assertEqual((bytes(event.payload), event.payload.nbytes, len(event)), (b"abc", 3, 3))
        with self.assertRaises(TypeError):
            event.payload[0] = 1

    def test_a_view_raises_once_its_event_has_ended(self) -> None:
        for end in (self.subscriber.next, lambda: self.subscriber.poll(print), lambda: self.subscriber.wait(0.001)):
            self.publisher.publish(b"abc")
            view = next_of(self.subscriber).payload
            end()
            with self.assertRaisesRegex(ValueError, "released memoryview"):
                view[0]
            with self.assertRaisesRegex(ValueError, "released memoryview"):
                bytes(view)

    def test_a_view_raises_after_the_handler(self) -> None:
        views: list[memoryview] = []
        for raising in (False, True):
            self.publisher.publish(b"abc")

            def handler(event: shmbus.Event) -> None:
                views.append(event.payload)
                if raising:
                    raise LookupError

            try:
                self.subscriber.poll(handler)
            except LookupError:
                pass
            with self.assertRaises(ValueError):
                views[-1][0]

    def test_a_view_raises_after_the_worker(self) -> None:
        views: list[memoryview] = []
        done = threading.Event()

        def handler(event: shmbus.Event) -> None:
            views.append(event.payload)
            done.set()

        subscription = self.bus.subscribe("a.b", handler)
        self.publisher.publish(b"abc")
        done.wait()
        subscription.stop()
        with self.assertRaises(ValueError):
            views[0][0]

    def test_a_slice_keeps_the_event(self) -> None:
        self.publisher.publish(b"abcdef")
        part = next_of(self.subscriber).payload[2:4]
        self.assertIsNone(self.subscriber.next())
        self.lap()
        while self.subscriber.next():
            pass
        self.assertEqual(bytes(part), b"cd")
        self.subscriber.close()
        self.publisher.close()
        self.bus.close()
        gc.collect()
        self.assertEqual(bytes(part), b"cd")

    def test_retained_events(self) -> None:
        self.publisher.publish(b"abc", headers={"h": "v"}, key="k")
        with next_of(self.subscriber).retain() as event:
            view = event.payload
            self.assertIsNone(self.subscriber.next())
            self.lap()
            self.assertEqual((bytes(view), event.header("h"), event.key, event.sequence), (b"abc", "v", "k", 1))
            again = event.retain()
        self.assert_error("closed", "retain()", lambda: event.payload)
        with self.assertRaises(ValueError):
            view[0]
        self.assertEqual(again.bytes(), b"abc")
        # On another thread, and without its subscriber.
        self.subscriber.close()
        texts: list[str] = []
        thread = threading.Thread(target=lambda: texts.append(again.text))
        thread.start()
        thread.join()
        self.assertEqual(texts, ["abc"])

    def test_copies_when_the_retain_slots_are_used_up(self) -> None:
        views = []
        for i in range(30):
            self.publisher.publish(bytes([i]) * 3000)  # one in each block
            views.append(next_of(self.subscriber).payload[:])
        self.lap()
        for i, view in enumerate(views):
            self.assertEqual(bytes(view), bytes([i]) * 3000)

    @unittest.skipIf(numpy is None, "needs NumPy")
    def test_numpy_reads_without_a_copy(self) -> None:
        self.publisher.publish(numpy.arange(100, dtype=numpy.float64))
        event = next_of(self.subscriber)
        array = numpy.frombuffer(event.payload, dtype=numpy.float64)
        self.assertEqual(array.ctypes.data, numpy.frombuffer(event.payload, dtype=numpy.uint8).ctypes.data)
        self.assertFalse(array.flags.owndata or array.flags.writeable)
        self.subscriber.next()
        self.lap()
        while self.subscriber.next():
            pass
        self.assertEqual(array.sum(), 4950)
        self.subscriber.close()
        self.assertEqual(array.sum(), 4950)


class Loans(BusTest):
    def test_a_block_commits(self) -> None:
        publisher = self.bus.publisher("a.b")
        subscriber = self.bus.subscriber("a.b")
        with publisher.loan(5, headers={"h": "v"}) as loan:
            self.assertEqual((len(loan), loan.sequence), (5, 1))
            loan.data[:] = b"abcde"
        event = next_of(subscriber)
        self.assertEqual((event.bytes(), event.header("h")), (b"abcde", "v"))
        loan = publisher.loan(10)
        loan.data[:2] = b"xy"
        view = loan.data
        self.assertEqual(loan.commit(2), 2)
        with self.assertRaises(ValueError):
            view[0] = 1
        self.assert_error("closed", "loan", lambda: loan.data)
        self.assert_error("closed", "loan", loan.commit)
        self.assertEqual(next_of(subscriber).bytes(), b"xy")

    def test_an_exception_aborts(self) -> None:
        publisher = self.bus.publisher("a.b")
        subscriber = self.bus.subscriber("a.b")
        with self.assertRaises(LookupError):
            with publisher.loan(5):
                raise LookupError
        publisher.publish(b"next")
        self.assertEqual(next_of(subscriber).bytes(), b"next")

    def test_a_loan_that_is_dropped_is_aborted(self) -> None:
        publisher = self.bus.publisher("a.b")
        publisher.loan(5)
        gc.collect()
        self.assertEqual(publisher.publish(b"x"), 2)

    def test_views_that_are_left_hold_it(self) -> None:
        publisher = self.bus.publisher("a.b")
        loan = publisher.loan(5)
        part = loan.data[1:3]
        self.assert_error("busy", "delete them before commit", loan.commit)
        part[:] = b"xx"
        del loan
        part[:] = b"yy"  # the room stays loaned for as long as it can be written
        self.assert_error("loan_open", "a.b", lambda: publisher.publish(b"x"))
        del part
        self.assertEqual(publisher.publish(b"x"), 2)

    @unittest.skipIf(numpy is None, "needs NumPy")
    def test_numpy_writes_in_place(self) -> None:
        publisher = self.bus.publisher("a.b")
        subscriber = self.bus.subscriber("a.b")
        loan = publisher.loan(80)
        array = numpy.frombuffer(loan.data, dtype=numpy.float64)
        array[:] = 1.5
        self.assert_error("busy", "loan", loan.commit)
        del array
        loan.commit()
        self.assertEqual(numpy.frombuffer(next_of(subscriber).payload, dtype=numpy.float64).sum(), 15)


if __name__ == "__main__":
    unittest.main()
