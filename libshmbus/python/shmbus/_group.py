"""Groups: one of many members handles each event."""

from __future__ import annotations

import asyncio
import atexit
import collections
import contextlib
import os
import threading
import time
import weakref
from typing import Any

from . import _shmbus
from ._error import Error


class Group(_shmbus.Group):
    """A member of a group: a name under which several workers, in any number of processes, share the events of a topic. Each
    event is leased to one of them at a time, until one acknowledges it or it becomes a dead letter: at least once, and once
    where no holder dies or falls silent.

        for lease in bus.group("orders.created", "billing"):
            with lease:                      # acknowledges at its end; after an exception the event comes again
                print(lease.event.json(), lease.deliveries)

    `for` waits for leases, and ends when the group is interrupted or closed, or the bus removed. So does `async for`. A lease
    that is not ended gives its event back when it is dropped. Any thread; several may take at one time.
    """

    def __init__(self, bus: _shmbus.Bus, topic: str, name: str, options: dict[str, Any]) -> None:
        super().__init__(bus, topic, name, options)
        self._taker = _Taker(self)

    async def take_async(self, timeout: float | None = None) -> _shmbus.Lease | None:
        """Returns as `take` does, and lets other tasks run meanwhile. Any event loop, and several tasks at one time; a thread
        waits for them. A lease that comes when its task has just been cancelled goes to the next one, or back after a second.
        """
        lease = self.take(0)
        if lease is not None or timeout is not None and timeout <= 0 or self.interrupted:
            return lease
        return await self._taker.take(timeout)

    def __aiter__(self) -> Group:
        return self

    async def __anext__(self) -> _shmbus.Lease:
        lease = None if self.closed else await self.take_async()
        if lease is None:
            raise StopAsyncIteration
        return lease


class _Waiter:
    """A task that waits for a lease."""

    def __init__(self, timeout: float | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.woken = self.loop.create_future()
        self.deadline = None if timeout is None else time.monotonic() + timeout
        self.lease: _shmbus.Lease | None = None
        self.error: BaseException | None = None

    def wake(self) -> None:
        def wake() -> None:
            if not self.woken.done():
                self.woken.set_result(None)

        try:
            self.loop.call_soon_threadsafe(wake)
        except RuntimeError:  # its loop is closed, and so its task will not run again
            pass


class _Taker:
    """A thread that takes leases for tasks, for as long as there are any, and a moment longer."""

    _STEP = 0.1  # seconds between looks at those who wait
    _KEEP = 1.0  # seconds that a lease waits for a task, and the thread for work

    def __init__(self, group: Group) -> None:
        self._group = weakref.ref(group)
        self._changed = threading.Condition()
        self._waiters: collections.deque[_Waiter] = collections.deque()
        self._spare: collections.deque[_shmbus.Lease] = collections.deque()  # of tasks that were cancelled
        self._thread: threading.Thread | None = None
        self._ending = False

    async def take(self, timeout: float | None) -> _shmbus.Lease | None:
        waiter = _Waiter(timeout)
        with self._changed:
            self._waiters.append(waiter)
            self._start()
        try:
            await waiter.woken
        except BaseException:
            with self._changed:
                self._drop(waiter)
                if waiter.lease is not None:
                    self._spare.append(waiter.lease)
                    self._start()
            raise
        if waiter.error is not None:
            raise waiter.error
        return waiter.lease

    def _start(self) -> None:
        """Under the lock."""
        if self._thread is None and not self._ending:
            self._thread = threading.Thread(target=self._run, name="shmbus group", daemon=True)
            _running.add(self)
            self._thread.start()
        self._changed.notify()

    def _drop(self, waiter: _Waiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def _run(self) -> None:
        while (step := self._next_step()) is not None:
            if step == 0:
                continue
            lease, error, ended = None, None, True
            group = self._group()
            try:
                if group is not None and not group.closed:
                    lease = group.take(step)
                    ended = lease is None and (group.closed or group.interrupted or group.status == "closed")
            except BaseException as raised:
                error = raised
            del group
            with self._changed:
                if lease is not None:
                    self._spare.append(lease)
                elif error is not None or ended:
                    self._wake_all(error)
            del lease, error

    def _next_step(self) -> float | None:
        """Hands leases out, and returns how long to wait for the next one: 0 for not at all, None to end."""
        with self._changed:
            now = time.monotonic()
            while self._waiters and self._spare:
                waiter = self._waiters.popleft()
                waiter.lease = self._spare.popleft()
                waiter.wake()
            for waiter in [w for w in self._waiters if w.deadline is not None and w.deadline <= now]:
                self._drop(waiter)
                waiter.wake()
            if self._waiters and not self._ending:
                return min([self._STEP, *(w.deadline - now for w in self._waiters if w.deadline is not None)])
            if not self._ending and self._changed.wait(self._KEEP):
                return 0
            if self._waiters and not self._ending:
                return 0
            while self._spare:
                with contextlib.suppress(Error):  # its time is over
                    self._spare.popleft().give_back(0)
            self._wake_all(None)
            self._thread = None
            _running.discard(self)
            return None

    def _wake_all(self, error: BaseException | None) -> None:
        """Under the lock."""
        while self._waiters:
            waiter = self._waiters.popleft()
            waiter.error = error
            waiter.wake()

    def end(self) -> None:
        """Ends the thread: it could not return to an interpreter that has ended."""
        group = self._group()
        with self._changed:
            self._ending = True
            thread = self._thread
            self._changed.notify()
        if group is not None:
            with contextlib.suppress(Error):  # closed
                group.interrupt()
        if thread is not None:
            thread.join()


_running: weakref.WeakSet[_Taker] = weakref.WeakSet()
os.register_at_fork(after_in_child=_running.clear)  # a child has none of these threads


@atexit.register
def _end_takers() -> None:
    for taker in list(_running):
        taker.end()
