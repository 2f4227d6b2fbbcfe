"""Events read without joining the bus: EventReader, the files of journals, and types that a program does not declare."""

from __future__ import annotations

import os
import tempfile
import time
import unittest
from pathlib import Path
from typing import Annotated

import shmbus
from support import BusTest


class Position(shmbus.Struct, name="test::Position"):
    x: shmbus.f32
    y: shmbus.f32


class Watch(shmbus.Struct, name="test::Watch"):
    user_id: shmbus.u64
    seconds: shmbus.f32
    ok: shmbus.bool_
    at: Position
    tags: Annotated[shmbus.Sequence, shmbus.array(shmbus.u16, 3)]
    name: Annotated[bytes, shmbus.chars(5)]
    track: Annotated[shmbus.Sequence, shmbus.std_array(shmbus.f64, 2)]


WATCH = Watch(user_id=42, seconds=1.5, ok=True, at=Position(x=1, y=2), tags=(7, 8, 9), name=b"bob", track=(0.5, 2))


class Reading(BusTest):
    def reader(self, pattern: str, start: object = "oldest", **options: bool | int) -> shmbus.EventReader:
        return shmbus.Inspector(self.name).read(pattern, start, **options)  # type: ignore[arg-type]

    def test_events_of_several_topics(self) -> None:
        for i in range(4):
            self.bus.publish(f"a.{i % 2}", str(i))
        reader = self.reader("a.*")
        self.assertEqual(
            [(e.topic, e.sequence, e.text) for e in reader],
            [("a.0", 1, "0"), ("a.1", 1, "1"), ("a.0", 2, "2"), ("a.1", 2, "3")],
        )
        self.assertEqual((list(reader), reader.lost, reader.finished, reader.problems), ([], 0, False, []))
        self.bus.publish("a.new", "later")
        self.assertEqual([e.text for e in reader], ["later"])
        self.assertEqual(shmbus.Inspector(self.name).snapshot()["topics"][0]["subscribers"], [])
        shmbus.Bus.remove(self.name)
        self.assertIsNone(reader.next())
        self.assertTrue(reader.finished)

    def test_all_of_an_event(self) -> None:
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        self.bus.publish("a.b", {"n": 7}, headers={"h": "v"}, key="k", traceparent=trace)
        subscriber = self.bus.subscriber("a.b", start="oldest")
        read, event = self.reader("a.b").next(), subscriber.next()
        assert read is not None and event is not None
        for name in ("topic", "sequence", "id", "publisher", "text", "headers", "key", "cause", "traceparent"):
            self.assertEqual(getattr(read, name), getattr(event, name), name)
        self.assertAlmostEqual(read.time_ns, event.time_ns, delta=2_000_000)  # each within a millisecond
        self.assertEqual((read.json(), read.header("h"), read.header("x")), ({"n": 7}, "v", None))
        self.assertEqual((read.bytes(), len(read), read.size, read.type_name), (b'{"n":7}', 7, 7, ""))
        view = read.payload
        del read
        self.assertEqual((bytes(view), view.readonly), (b'{"n":7}', True))

    def test_a_cause(self) -> None:
        self.bus.publish("a.b", "x")
        event = next(self.bus.subscriber("a.b", start="oldest"))
        with event.scope():
            self.bus.publish("a.c", "y")
        read = self.reader("a.c").next()
        assert read is not None
        self.assertEqual(read.cause, event.id)

    def test_options(self) -> None:
        for i in range(5):
            self.bus.publish("a.b", str(i) * 100)
        self.assertEqual([e.text for e in self.reader("a.b", ("last", 2), max_payload=3)], ["333", "444"])
        reader = self.reader("a.b", retained_only=True)
        self.bus.publish("a.b", "later")
        self.assertEqual((len(list(reader)), reader.finished), (5, True))
        self.assertEqual(list(self.reader("a.b", "latest")), [])
        self.assert_error("invalid_option", "'oldest'", lambda: self.reader("a.b", "first"))
        self.assert_error("invalid_name", "a..b", lambda: self.reader("a..b"))

    def test_lost_events_are_counted(self) -> None:
        publisher = self.bus.publisher("a.b", block_size=4096, blocks=2)
        reader = self.reader("a.b")
        for _ in range(100):
            publisher.publish(bytes(1000))
        self.assertEqual(len(list(reader)) + reader.lost, 100)
        self.assertGreater(reader.lost, 50)

    def test_the_journal_behind_the_ring(self) -> None:
        publisher = self.bus.publisher("a.b", block_size=4096, blocks=2, journal="batch", segment_file=1 << 20)
        for i in range(100):
            publisher.publish(bytes([i]) * 1000)
        publisher.wait_durable(100)
        self.assertEqual([e.payload[0] for e in self.reader("a.b")], list(range(100)))
        self.assertLess(len(list(self.reader("a.b", journals=False))), 20)


class RecordedTypes(BusTest):
    def read(self, topic: str) -> shmbus.EventSnapshot:
        event = shmbus.Inspector(self.name).read(topic).next()
        assert event is not None
        return event

    def test_by_the_recorded_type(self) -> None:
        self.bus.publish("a.b", WATCH)
        event = self.read("a.b")
        self.assertEqual(event.type_name, "test::Watch")
        value = event.value()
        self.assertEqual(type(value).__name__, "Watch")
        fields = value.as_dict()
        self.assertEqual(bytes(Position(x=1, y=2)), bytes(fields.pop("at")))  # its fields are not recorded there
        self.assertEqual(
            fields, {"user_id": 42, "seconds": 1.5, "ok": True, "tags": [7, 8, 9], "name": b"bob", "track": [0.5, 2.0]}
        )
        self.assertIn("user_id=42, seconds=1.5, ok=True", repr(value))
        self.assertEqual(event.value(Watch), WATCH)
        self.assertEqual(event.value(Watch).as_dict()["at"], {"x": 1.0, "y": 2.0})

    def test_of_a_topic(self) -> None:
        self.bus.publish("a.b", WATCH)
        info = self.bus.find_topic("a.b")
        assert info is not None
        recorded = info.struct()
        self.assertIs(recorded, info.struct())
        self.assertEqual(next(self.bus.subscriber("a.b", type=recorded, start="oldest")).value(recorded).as_dict()["user_id"], 42)
        with self.assertRaisesRegex(OverflowError, "user_id: expected 0 to 18446744073709551615, found -1"):
            recorded(user_id=-1)
        value = recorded(user_id=43)
        self.bus.publish("a.b", value)  # it is the same type
        self.assertEqual(next(self.bus.subscriber("a.b", start=("last", 1))).value(Watch).user_id, 43)

    def test_without_a_type(self) -> None:
        self.bus.publish("a.raw", "x")
        event = self.read("a.raw")
        self.assert_error("type_mismatch", "no type", event.value)
        self.assert_error("type_mismatch", "test::Watch", lambda: event.value(Watch))
        info = self.bus.find_topic("a.raw")
        assert info is not None
        self.assert_error("type_mismatch", "a.raw", info.struct)

        class Plain(shmbus.Struct, fields=False):
            a: shmbus.u64

        self.bus.publish("a.plain", Plain(a=7))
        event = self.read("a.plain")
        self.assert_error("type_mismatch", "'Plain' without fields", event.value)
        self.assertEqual(event.value(Plain).a, 7)

    def test_a_part_of_a_payload(self) -> None:
        self.bus.publish("a.b", WATCH)
        event = shmbus.Inspector(self.name).read("a.b", max_payload=8).next()
        assert event is not None
        self.assert_error("type_mismatch", "whole payload", event.value)

    def test_a_type_that_is_decided_later(self) -> None:
        raw = self.bus.publisher("a.b", accept_raw=True)
        raw.publish("x")
        reader = shmbus.Inspector(self.name).read("a.b")
        event = reader.next()
        assert event is not None
        self.assertEqual(event.type_name, "")
        while not event.type_name:  # it is looked up again within a second
            time.sleep(0.02)
            self.bus.publish("a.b", WATCH)
            event = reader.next()
            assert event is not None
        self.assertEqual(event.value(Watch), WATCH)

    def test_texts_that_do_not_describe_a_type(self) -> None:
        for fields in (
            "a:int@0+4",  # without its end
            "a:int@4+4;",  # behind the type
            "a:short@0+2;a:short@2+2;",  # twice
            "a:int@0+4;b:int@2+2;",  # one over the other
            "_padding_1:int@0+4;",
            "a@0+4;",
            "a:int@-1+4;",
        ):
            info = self.info_with(fields)
            self.assert_error("type_mismatch", "fields", info.struct)
        # What is not known is bytes; `...` stands for fields that were not recorded.
        struct = self.info_with("a:some::Enum@0+2;b:short@2+2;...").struct()
        self.assertEqual(struct.from_buffer_copy(bytes([1, 2, 3, 0])).as_dict(), {"a": [1, 2], "b": 3})

    def info_with(self, fields: str) -> shmbus.TopicInfo:
        self.bus.publish("a.b", WATCH)
        info = self.bus.find_topic("a.b")
        assert info is not None
        return info._replace(type_name="t", type_size=4, type_alignment=1, type_layout=9, type_fields=fields)


class Files(BusTest):
    def setUp(self) -> None:
        super().setUp()
        self.folder = tempfile.TemporaryDirectory(prefix="shmbus-python.")
        self.addCleanup(self.folder.cleanup)
        self.bus.close()
        shmbus.Bus.remove(self.name)
        self.bus = shmbus.Bus(self.name, journals=self.folder.name)
        self.addCleanup(self.bus.close)
        self.publisher = self.bus.publisher("a.b", Watch, journal="batch", segment_file=1 << 20, block_size=1 << 18)
        self.addCleanup(self.publisher.close)

    def record(self, count: int) -> None:
        number = 0
        for i in range(count):
            number = self.publisher.publish(Watch(user_id=i), headers={"h": str(i)}, key="k")
        self.publisher.wait_durable(number)

    def files(self) -> shmbus.JournalFiles:
        return shmbus.JournalFiles(self.folder.name, self.name, "a.b")

    def test_info_and_events(self) -> None:
        self.record(100)
        files = self.files()
        info = files.info()
        self.assertEqual((info.bus, info.first, info.last, info.in_use, info.recorded), (self.name, 1, 100, True, True))
        self.assertEqual((info.topic.name, info.topic.type_name, info.topic.journal), ("a.b", "test::Watch", "batch"))
        self.assertEqual((info.topic.segment_file, info.topic.when_behind, info.topic.unrecorded_limit), (1 << 20, "hold", 30))
        assert info.first_time_ns is not None and info.last_time_ns is not None
        self.assertLessEqual(info.first_time_ns, info.last_time_ns)
        self.assertEqual(sum(file.bytes for file in info.files), info.bytes)
        events = files.read()
        self.assertEqual([e.value(Watch).user_id for e in events], list(range(100)))
        self.assertEqual((events.lost, events.take_stretches(), list(events)), (0, [], []))
        self.record(1)
        self.assertEqual([e.sequence for e in events], [101])  # what was recorded meanwhile
        last = files.read(("last", 1), incarnation=self.bus.incarnation).next()
        assert last is not None
        value = last.value()
        self.assertEqual((value.as_dict()["user_id"], last.header("h"), last.key), (0, "0", "k"))
        self.assertEqual(last.id.bus, self.bus.incarnation)
        self.assertEqual([e.sequence for e in files.read(("after", last.id._replace(sequence=99)))], [100, 101])

    def test_without_a_bus(self) -> None:
        self.record(10)
        self.publisher.close()
        self.bus.close()
        shmbus.Bus.remove(self.name)
        info = self.files().info()
        self.assertEqual((info.in_use, info.recorded, info.last), (False, False, 10))
        self.assertEqual(len(list(self.files().read())), 10)
        self.assertEqual(shmbus.JournalFiles.buses(self.folder.name), [self.name])
        self.assertEqual(shmbus.JournalFiles.topics(self.folder.name, self.name), ["a.b"])
        report = self.files().verify()
        self.assertEqual((report.whole, report.events, report.last, report.damage), (True, 10, 10, ()))

    def test_damage(self) -> None:
        self.record(10)
        self.publisher.close()
        self.bus.close()
        shmbus.Bus.remove(self.name)
        file = Path(self.files().info().path) / self.files().info().files[0].name
        content = bytearray(file.read_bytes())
        at = content.find(bytes(Watch(user_id=5)))
        content[at] ^= 0xFF
        file.write_bytes(content)
        report = self.files().verify()
        self.assertFalse(report.whole)
        self.assertEqual(report.damage[0].file, file.name)
        first, last = report.damage[0].numbers
        self.assertTrue(first <= 6 <= last, report)
        events = self.files().read()
        read = [e.sequence for e in events]
        self.assertNotIn(6, read)
        self.assertEqual(events.lost, 10 - len(read))

    def test_prune(self) -> None:
        publisher = self.bus.publisher("large", journal="batch", segment_file=1 << 20, block_size=1 << 20)
        for _ in range(6):
            publisher.wait_durable(publisher.publish(bytes(500_000)))
        files = shmbus.JournalFiles(self.folder.name, self.name, "large")
        self.assert_error("busy", "large", lambda: files.prune(before=3))
        publisher.close()
        self.publisher.close()
        self.bus.close()
        shmbus.Bus.remove(self.name)
        look = files.prune(before=4, only_look=True)
        self.assertGreaterEqual(look.files, 1)
        self.assertEqual(files.prune(before=4), look)
        events = files.read()
        self.assertEqual([e.sequence for e in events], list(range(look.last + 1, 7)))
        self.assertEqual(files.prune(older_than_ns=1).files, 0)
        files.prune(bytes=0)
        self.assertEqual(len(files.info().files), 1)

    def test_mistakes(self) -> None:
        self.assert_error("not_found", "nosuchtopic", lambda: shmbus.JournalFiles(self.folder.name, self.name, "nosuchtopic"))
        self.assert_error("invalid_option", "", lambda: self.files().read("latest"))
        self.assertEqual(shmbus.JournalFiles.buses(os.path.join(self.folder.name, "nothing")), [])
        before = os.environ.get("SHMBUS_JOURNALS")
        os.environ["SHMBUS_JOURNALS"] = "/some/folder"
        try:
            self.assertEqual(shmbus.JournalFiles.default_folder(), "/some/folder")
        finally:
            del os.environ["SHMBUS_JOURNALS"]
            if before is not None:
                os.environ["SHMBUS_JOURNALS"] = before


if __name__ == "__main__":
    unittest.main()
