"""Structs that are types of C++."""

from __future__ import annotations

import unittest
from typing import Annotated

import shmbus
from support import BusTest


class Position(shmbus.Struct, name="test::Position"):
    x: shmbus.f32
    y: shmbus.f32


class Watch(shmbus.Struct, name="test::Watch"):
    user_id: shmbus.u64
    video_id: shmbus.u32
    seconds: shmbus.f32
    at: Position
    track: Annotated[shmbus.Sequence, shmbus.std_array(Position, 2)]
    tags: Annotated[shmbus.Sequence, shmbus.array(shmbus.u8, 3)]
    name: Annotated[bytes, shmbus.chars(5)]


class Structs(BusTest):
    def test_publish_and_read(self) -> None:
        watch = Watch(user_id=42, seconds=1.5, at=Position(x=1, y=2), name=b"bob")
        watch.tags[1] = 7
        watch.track[1].y = 3
        subscriber = self.bus.subscriber("a.b", type=Watch)
        publisher = self.bus.publisher("a.b", Watch)
        publisher.publish(watch)
        event = next(subscriber)
        read = event.value(Watch)
        self.assertEqual(read, watch)
        self.assertEqual((read.user_id, read.at.y, read.tags[1], read.track[1].y, read.name), (42, 2, 7, 3, b"bob"))
        info = publisher.topic
        self.assertEqual((info.type_name, info.type_size, info.content), ("test::Watch", 48, "typed"))
        self.assertEqual(
            info.type_fields,
            "user_id:unsigned long@0+8;video_id:unsigned int@8+4;seconds:float@12+4;at:test::Position@16+8;"
            "track:std::array<test::Position, (unsigned long)2>@24+16;tags:unsigned char[3]@40+3;name:char[5]@43+5;",
        )

    def test_a_value_that_does_not_fit_is_refused(self) -> None:
        for name, value, words in (
            ("user_id", -1, "Watch.user_id: expected 0 to 18446744073709551615, found -1"),
            ("user_id", 1 << 64, "Watch.user_id: expected 0 to 18446744073709551615, found 18446744073709551616"),
            ("video_id", 1 << 32, "Watch.video_id: expected 0 to 4294967295, found 4294967296"),
            ("seconds", 1e39, "Watch.seconds: expected -3.4028234663852886e\\+38 to 3.4028234663852886e\\+38, found 1e\\+39"),
        ):
            with self.assertRaisesRegex(OverflowError, words):
                Watch(**{name: value})
            watch = Watch()
            with self.assertRaisesRegex(OverflowError, words):
                setattr(watch, name, value)
            self.assertEqual(watch, Watch())
        with self.assertRaisesRegex(ValueError, "Watch.name: .*too long"):
            Watch(name=b"robert")
        with self.assertRaisesRegex(TypeError, "Watch.user_id: .*str"):
            Watch(user_id="42")
        watch = Watch(user_id=(1 << 64) - 1, video_id=(1 << 32) - 1, seconds=float("inf"))
        self.assertEqual((watch.user_id, watch.video_id, watch.seconds), ((1 << 64) - 1, (1 << 32) - 1, float("inf")))

        class Signed(shmbus.Struct):
            a: shmbus.i8
            b: shmbus.i64
            c: shmbus.bool_

        self.assertEqual(repr(Signed(a=-128, b=-(1 << 63), c=True)), f"Signed(a=-128, b={-(1 << 63)}, c=True)")
        with self.assertRaisesRegex(OverflowError, "Signed.a: expected -128 to 127, found 128"):
            Signed(a=128)

    def test_another_type_is_refused(self) -> None:
        class Other(shmbus.Struct, name="test::Watch"):
            user_id: shmbus.u64

        self.bus.publish("a.b", Watch())
        self.assert_error("type_mismatch", "test::Watch", lambda: self.bus.publisher("a.b"))
        self.assert_error("type_mismatch", "test::Watch", lambda: self.bus.publish("a.b", Other()))
        self.assert_error("type_mismatch", "test::Watch", lambda: self.bus.subscriber("a.b", type=Other))
        self.assert_error("type_mismatch", "test::Watch", lambda: self.bus.subscribe("a.b", print, type=Other))

    def test_events_of_another_type_are_skipped_and_counted(self) -> None:
        subscriber = self.bus.subscriber("a.>", type=Watch)
        self.bus.publish("a.raw", b"x")
        self.bus.publish("a.watch", Watch(user_id=1))
        self.assertEqual(next(subscriber).value(Watch).user_id, 1)
        self.assertEqual(subscriber.mismatched, 1)
        everything = self.bus.subscriber("a.raw", start="oldest")
        self.assert_error("type_mismatch", "test::Watch", lambda: next(everything).value(Watch))

    def test_declarations(self) -> None:
        with self.assertRaisesRegex(TypeError, "Bad.field: expected shmbus.u64"):

            class Bad(shmbus.Struct):
                field: int

        with self.assertRaisesRegex(TypeError, "there is no field 'user'"):
            Watch(user=1)
        with self.assertRaisesRegex(TypeError, "can't be extended"):

            class More(Watch):
                more: shmbus.u8

        self.assertEqual(repr(Position(x=1)), "Position(x=1.0, y=0.0)")

        class Plain(shmbus.Struct, fields=False):
            a: shmbus.u64

        self.assertEqual((Plain.__shmbus_type__.layout, Plain.__shmbus_type__.name), (0, "Plain"))


if __name__ == "__main__":
    unittest.main()
