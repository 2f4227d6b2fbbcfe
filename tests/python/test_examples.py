"""The example as processes of their own: a service that is killed, one that is added later, and C++ services on the same bus."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import shmbus
from support import BusTest, wait_until

EXAMPLES = Path(os.environ["SHMBUS_PYTHON_EXAMPLES"])
PROGRAMS = os.environ.get("SHMBUS_SERVICES", "")  # of C++; empty where they are not built
sys.path.insert(0, str(EXAMPLES))
from streaming_events import WatchStarted  # noqa: E402


class Services(BusTest):
    def start(self, name: str, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen([sys.executable, str(EXAMPLES / name), self.name, *arguments], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    def end(self, process: "subprocess.Popen[str]") -> None:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def numbers_until(self, process: "subprocess.Popen[str]", last: int) -> list[int]:
        """Returns the numbers of the events that a service prints, up to one of them."""
        numbers = []
        assert process.stdout is not None
        for line in process.stdout:
            if line[0].isdigit():
                numbers.append(int(line.split(":")[0]))
                if numbers[-1] == last:
                    return numbers
        raise AssertionError(f"the service ended after {numbers[-3:]}")

    def test_hello(self) -> None:
        process = self.start("hello.py")
        self.assertEqual(process.communicate()[0], "hello.world #1: good morning\n")

    def test_a_service_fails_and_one_is_added(self) -> None:
        recommendation = self.start("recommendation_service.py")
        assert recommendation.stdout is not None
        recommendation.stdout.readline()
        video = self.start("video_service.py", "600", "300")
        self.numbers_until(recommendation, 20)
        recommendation.kill()
        before = [int(line.split(":")[0]) for line in recommendation.communicate()[0].splitlines() if line[:1].isdigit()]
        self.assertEqual(len(video.communicate()[0].splitlines()), 600)  # it has not noticed
        self.assertEqual(video.returncode, 0)
        # It goes on: nothing is left out, and an event that was handled when it was killed comes at most again.
        again = self.numbers_until(self.start("recommendation_service.py"), 600)
        last = max([20, *before])
        self.assertLessEqual(again[0], last + 2)
        self.assertEqual(again, list(range(again[0], 601)))
        # Added later, it sees what was published before.
        badges = self.start("badge_service.py")
        self.assertEqual(self.numbers_until(badges, 600), list(range(1, 601)))
        badges.send_signal(signal.SIGTERM)
        badges.communicate()
        self.assertIn(badges.returncode, (0, -signal.SIGTERM))  # it may not wait for the signal yet

    def test_services_share_the_work(self) -> None:
        first, second = self.start("thumbnail_service.py"), self.start("thumbnail_service.py")
        for service in (first, second):
            assert service.stdout is not None
            self.assertEqual(service.stdout.readline(), "thumbnail service: ready\n")
        self.bus.publish("image.uploaded", "notes.txt")
        for i in range(2, 301):
            self.bus.publish("image.uploaded", f"{i}.png")
            if i == 150:
                first.kill()
        wait_until(lambda: self.settled() == 300)
        second.send_signal(signal.SIGTERM)
        lines = first.communicate()[0].splitlines() + second.communicate()[0].splitlines()
        self.assertEqual(second.returncode, 0)
        # Each at least once, and again where its process was killed before it could acknowledge.
        self.assertEqual({int(line.split(":")[0]) for line in lines}, set(range(2, 301)))
        self.assertLessEqual(len(lines), 300)
        dead = self.bus.subscriber("image.uploaded.dead", start="oldest")
        event = next(dead)
        self.assertEqual((event.text, event.header("shmbus-reason")), ("notes.txt", "not an image"))
        self.assertIsNone(dead.next())

    def settled(self) -> int:
        """Returns how many events the services are done with. The group is there once one of them has seen its topic."""
        groups = shmbus.Inspector(self.name).groups()
        return sum(group["counts"]["acknowledged"] + group["counts"]["rejected"] for group in groups)

    @unittest.skipUnless(PROGRAMS, "without the C++ services")
    def test_cpp_services_read_what_python_publishes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            video = self.start("video_service.py", "200", "10000")
            video.communicate()
            subprocess.run([f"{PROGRAMS}/badge-service", "--bus", self.name, "--until", "200", "--report", str(report)], check=True)
            self.assertEqual(json.loads(report.read_text())["handled"], 200)
        badges = self.bus.subscriber("badge.awarded", start="oldest")
        event = badges.next()
        assert event is not None
        self.assertEqual(shmbus.Inspector(self.name).snapshot()["topics"][0]["type_name"], "badge.Awarded")

    @unittest.skipUnless(PROGRAMS, "without the C++ services")
    def test_python_services_read_what_cpp_publishes(self) -> None:
        subprocess.run([f"{PROGRAMS}/video-service", "--bus", self.name, "--events", "300"], check=True, stdout=subprocess.DEVNULL)
        badges = self.start("badge_service.py")
        self.assertEqual(self.numbers_until(badges, 300), list(range(1, 301)))
        watches = self.bus.subscriber("video.watch_started", type=WatchStarted, start="oldest")
        for i in range(300):
            self.assertGreater(next(watches).value(WatchStarted).user, 0)


if __name__ == "__main__":
    unittest.main()
