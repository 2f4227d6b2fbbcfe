"""The bus: what publishes, subscribes and calls handlers."""

from __future__ import annotations

import asyncio
import inspect
import threading
from types import TracebackType
from typing import Any, Callable, TypeVar, Union, overload

from . import _shmbus
from ._group import Group
from ._struct import Struct
from ._values import TopicInfo

Payload = Union[str, bytes, bytearray, memoryview, "dict[str, Any]", "list[Any]", Struct, Any]
"""What can be published: bytes and other buffers as they are, str as UTF-8, dict and list as JSON."""

Handler = Callable[[_shmbus.Event], Any]
H = TypeVar("H", bound=Handler)


class Events:
    """The events of a pattern, for `async for`. Each is valid until the next one is asked for. Ends when the bus is removed,
    interrupted or closed."""

    _LOOK_AGAIN = 1.0  # seconds

    def __init__(self, subscriber: _shmbus.Subscriber) -> None:
        self.subscriber = subscriber

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> _shmbus.Event:
        while not self.subscriber.closed:
            event = self.subscriber.next()
            if event is not None:
                return event
            if self.subscriber.status == "closed" or self.subscriber.interrupted:
                break
            await self._readable()
        raise StopAsyncIteration

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        readable = loop.create_future()
        descriptor = self.subscriber.fileno()

        def wake() -> None:
            if not readable.done():
                readable.set_result(None)

        loop.add_reader(descriptor, wake)
        try:
            await asyncio.wait((readable,), timeout=self._LOOK_AGAIN)
        finally:
            loop.remove_reader(descriptor)
            readable.cancel()

    async def aclose(self) -> None:
        """Ends the subscriber."""
        self.subscriber.close()

    async def __aenter__(self) -> Events:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.subscriber.close()


class Bus(_shmbus.Bus):
    """One process's membership of a bus. Creates the bus, or attaches to it. Any thread may use it.

    It owns the subscriptions that `subscribe` starts: they run until it is closed, or until they are stopped. `close`, or the
    end of a `with` block, ends them. So does the end of the interpreter.

    After `os.fork` the child can't use what its parent opened: everything raises Error, `closed`. It opens the bus again.
    """

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._lock = threading.Lock()
        self._publishers: dict[str, tuple[threading.Lock, _shmbus.Publisher]] = {}
        self._subscriptions: list[_shmbus.Subscription] = []

    def topic(self, name: str, **options: Any) -> TopicInfo:
        """Creates a topic before its first publisher, or adopts it as it is. Options: block_size, blocks, reserve, timestamps,
        writers ("shared", "exclusive"), mode, group, accept_raw, strict, journal ("none", "page_cache", "interval", "batch"),
        journal_interval (seconds), retain_bytes, retain_age (seconds), retain_unacknowledged, when_behind ("hold", "skip"),
        unrecorded_limit (seconds), segment_file."""
        return self._topic(name, options)

    def publisher(self, topic: str, type: type[Struct] | None = None, **options: Any) -> _shmbus.Publisher:
        """Creates a publisher, of raw bytes or of a Struct. Options as those of `topic`. One thread at a time may use it."""
        return self._publisher(topic, type, options)

    def publish(
        self,
        topic: str,
        payload: Payload,
        *,
        timeout: float | None = None,
        headers: Any = None,
        key: str | bytes | None = None,
        traceparent: str | None = None,
    ) -> int:
        """Publishes one event, and returns its number within the topic. Waits while a reliable subscriber holds the ring back,
        for `timeout` seconds at most. Any thread. The publisher is kept: a `publisher` of your own is quicker."""
        kind = type(payload) if isinstance(payload, Struct) else None
        slot = f"{topic} {kind.__shmbus_type__.hash}" if kind is not None else topic
        with self._lock:
            kept = self._publishers.get(slot)
            if kept is None:
                kept = self._publishers[slot] = (threading.Lock(), self._publisher(topic, kind, {}))
        with kept[0]:
            return kept[1].publish(payload, timeout=timeout, headers=headers, key=key, traceparent=traceparent)

    def subscriber(self, pattern: str, *, type: type[Struct] | None = None, **options: Any) -> _shmbus.Subscriber:
        """Creates a subscriber of every matching topic: tokens joined by dots, `*` for one token, `>` for the rest. Options:
        start ("latest", "oldest", ("last", n), ("sequence", n), ("time_ns", t), ("after", id)), delivery ("lossy", "reliable"),
        demote_after (seconds), wait ("balanced", "spin", "sleep"), name, record_calls, see ("published", "durable"), durable (a
        name), acknowledge ("next_poll", "manual"), hold_for (seconds), standby. One thread at a time may use it."""
        return self._subscriber(pattern, type, options)

    @overload
    def subscribe(
        self,
        pattern: str,
        handler: None = None,
        *,
        type: type[Struct] | None = None,
        workers: int = 1,
        queue: int = 1024,
        queue_bytes: int = 16 << 20,
        group: str = "",
        **options: Any,
    ) -> Callable[[H], H]: ...

    @overload
    def subscribe(
        self,
        pattern: str,
        handler: Handler,
        *,
        type: type[Struct] | None = None,
        workers: int = 1,
        queue: int = 1024,
        queue_bytes: int = 16 << 20,
        group: str = "",
        **options: Any,
    ) -> _shmbus.Subscription: ...

    def subscribe(
        self,
        pattern: str,
        handler: Handler | None = None,
        *,
        type: type[Struct] | None = None,
        workers: int = 1,
        queue: int = 1024,
        queue_bytes: int = 16 << 20,
        group: str = "",
        **options: Any,
    ) -> Any:
        """Calls the handler for each event, on worker threads. With a handler it returns the Subscription; without one it is a
        decorator. Options as those of `subscriber`. What a handler raises is counted (`Subscription.handler_errors`) and
        logged under "shmbus"; the next event follows. With `durable`, the event is handed to it again after a pause.

        With `group`, the pattern is one topic, whose events this subscription shares with the group's other members: each is
        acknowledged when the handler returns, and given back when it raises. Options as those of `group`, and
        record_calls."""

        def start(function: Handler) -> _shmbus.Subscription:
            if inspect.iscoroutinefunction(function):  # it would make a coroutine of each event, which then counts as handled
                raise TypeError(f"handler {function.__qualname__}: expected a function, found a coroutine function; "
                                "use `async for` with bus.events or bus.group")
            subscription = self._subscribe(pattern, function, type, workers, queue, queue_bytes, group, options)
            with self._lock:
                self._subscriptions = [s for s in self._subscriptions if s.status != "closed"]
                self._subscriptions.append(subscription)
            return subscription

        def decorate(function: H) -> H:
            start(function)
            return function

        return decorate if handler is None else start(handler)

    def group(self, topic: str, name: str, /, **options: Any) -> Group:
        """Joins a group: a work queue over one topic. The first member creates it. Options of a new group, which later members
        adopt (`Group.different` lists what they asked for otherwise): window and in_flight (numbers of events), lease and
        lease_most (seconds), max_deliveries, backoff (a list of seconds), dead_letters (a topic), order ("any", "by_key"), start
        (as of `subscriber`), abandon_after (seconds). Of this member: wait, name, and for "by_key" key, a function that returns
        the key of an event, in all members the same; without it the publisher's key counts."""
        return Group(self, topic, name, options)

    def events(self, pattern: str, *, type: type[Struct] | None = None, **options: Any) -> Events:
        """Returns the events of a pattern for `async for`. Options as those of `subscriber`."""
        return Events(self._subscriber(pattern, type, options))

    def close(self) -> None:
        """Ends this membership: its subscriptions, and the publishers of `publish`. Publishers and subscribers that were made
        from it go on."""
        with self._lock:
            subscriptions, self._subscriptions = self._subscriptions, []
            publishers, self._publishers = self._publishers, {}
        for subscription in subscriptions:
            subscription.stop()
        for lock, publisher in publishers.values():
            with lock:
                publisher.close()
        self._close()

    def __enter__(self) -> Bus:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
