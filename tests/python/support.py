"""What the tests share: a bus of their own, and a watchdog."""

import faulthandler
import os
import sys
import tempfile
import time
import unittest
from typing import Callable

import shmbus

WATCHDOG = 100.0  # seconds: below CTest's time-out, so that it shows where each thread is
faulthandler.dump_traceback_later(WATCHDOG, exit=True)

_journals = tempfile.TemporaryDirectory(prefix="shmbus-python.")


class BusTest(unittest.TestCase):
    """Has a bus that no other test uses."""

    def setUp(self) -> None:
        self.name = f"py-{os.getpid()}-{self._testMethodName}"[:32]
        shmbus.Bus.remove(self.name, erase_journals=True)
        self.bus = shmbus.Bus(self.name, journals=_journals.name)
        self.addCleanup(shmbus.Bus.remove, self.name)
        self.addCleanup(self.bus.close)

    def assert_error(self, code: str, words: str, call: Callable[[], object]) -> shmbus.Error:
        """Checks that a call raises an Error whose text has these words, and which says what to do."""
        with self.assertRaises(shmbus.Error) as raised:
            call()
        error = raised.exception
        self.assertEqual(error.code, code, str(error))
        self.assertIn(words, str(error))
        self.assertTrue(error.remedy, str(error))
        self.assertTrue(error.object, str(error))
        return error

    def run_in_child(self, body: Callable[[], None]) -> None:
        """Runs a body in a forked child, to its end."""
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                body()
                status = 0
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits for as long as the watchdog lets it."""
    while not condition():
        time.sleep(0.002)
