"""The same struct in C++, C and Python: each reads what each publishes, checked by type; and another type is refused by all."""

from __future__ import annotations

import os
import subprocess
import unittest
from typing import Annotated, Callable

import shmbus
from support import BusTest

CPP, C = os.environ["SHMBUS_INTEROP_CPP"], os.environ["SHMBUS_INTEROP_C"]


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


class OtherWatch(shmbus.Struct, name="test::Watch"):  # the same size
    user_id: shmbus.u64
    rest: Annotated[shmbus.Sequence, shmbus.array(shmbus.u64, 5)]


VALUE = "42 7 1.5 1 2 6 9 bob"


class Interop(BusTest):
    def run_program(self, program: str, action: str, topic: str) -> subprocess.CompletedProcess[str]:
        # Only the interpreter needs a sanitizer's runtime to be loaded first.
        environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        return subprocess.run([program, action, self.name, topic], capture_output=True, text=True, env=environment)

    def publish_python(self, topic: str) -> None:
        track = (Position * 2)(Position(3, 4), Position(5, 6))
        self.bus.publish(topic, Watch(42, 7, 1.5, Position(1, 2), track, (7, 8, 9), b"bob"))

    def read_python(self, topic: str) -> str:
        event = self.bus.subscriber(topic, type=Watch, start="oldest").next()
        assert event is not None
        w = event.value(Watch)
        return f"{w.user_id} {w.video_id} {w.seconds:g} {w.at.x:g} {w.at.y:g} {w.track[1].y:g} {w.tags[2]} {w.name.decode()}"

    def publisher_of(self, program: str) -> Callable[[str], None]:
        return lambda topic: self.assertEqual(self.run_program(program, "publish", topic).returncode, 0)

    def reader_of(self, program: str) -> Callable[[str], str]:
        def read(topic: str) -> str:
            result = self.run_program(program, "read", topic)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            return result.stdout.strip()

        return read

    def test_each_reads_each(self) -> None:
        publishers = {"cpp": self.publisher_of(CPP), "c": self.publisher_of(C), "python": self.publish_python}
        readers = {"cpp": self.reader_of(CPP), "c": self.reader_of(C), "python": self.read_python}
        for publisher, publish in publishers.items():
            publish(f"from.{publisher}")
            for reader, read in readers.items():
                with self.subTest(publisher=publisher, reader=reader):
                    self.assertEqual(read(f"from.{publisher}"), VALUE)
        types = {topic["type_layout"] for topic in shmbus.Inspector(self.name).snapshot()["topics"]}
        self.assertEqual(len(types), 1)

    def test_each_refuses_another_type(self) -> None:
        self.bus.publish("other", OtherWatch())
        for program in (CPP, C):
            for action in ("publish", "read"):
                result = self.run_program(program, action, "other")
                self.assertEqual(result.returncode, 3)
                self.assertIn("test::Watch", result.stderr)
        self.assert_error("type_mismatch", "test::Watch", lambda: self.publish_python("other"))
        self.assert_error("type_mismatch", "test::Watch", lambda: self.read_python("other"))
        for program, topic in ((CPP, "cpp"), (C, "c")):
            self.publisher_of(program)(topic)
            self.assert_error("type_mismatch", "test::Watch", lambda: self.bus.publisher(topic, OtherWatch))


if __name__ == "__main__":
    unittest.main()
