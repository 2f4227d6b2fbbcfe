"""The part of shmbus that is written in C++."""

from types import TracebackType
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, TypeVar, Union, overload

from ._bus import Payload
from ._journal import JournalInfo, JournalReport, JournalStretch, PruneReport
from ._struct import Struct
from ._values import EventId, TopicInfo

ReadableBuffer = Union[bytes, bytearray, memoryview, Any]
Headers = Union[Mapping[str, str], Iterable[tuple[str, str]]]
S = TypeVar("S", bound=Struct)
G = TypeVar("G", bound=Group)

version: str

def buses() -> list[str]:
    """Returns the names of the buses on this machine, sorted."""

def bus_files() -> list[tuple[str, int, int, int, bool]]:
    """Returns the files in /dev/shm that have a bus's name, by bus: the bus, how many, their bytes, their owner's number, and
    whether a process can join it; if not, `Bus.remove` removes them."""

def matches(pattern: str, topic: str) -> bool:
    """Returns whether a subscriber's pattern covers a topic."""

def _stop_all() -> None: ...

class Type:
    """A struct of C++, as a topic records it."""

    def __init__(
        self, name: str, size: int, alignment: int, fields: Sequence[tuple[str, str, int, int, Optional[Type]]]
    ) -> None: ...
    @staticmethod
    def recorded(name: str, size: int, alignment: int, layout: int, fields: str) -> Type:
        """Returns a type as a topic records it."""
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def alignment(self) -> int: ...
    @property
    def fields(self) -> str: ...
    @property
    def layout(self) -> int: ...
    @property
    def hash(self) -> int: ...

class Scope:
    """Makes an event the cause of what this thread publishes in a `with` block."""

    def __enter__(self) -> None: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...

class Event:
    """One event, read in place. Valid inside its handler, or until its subscriber's next poll, next or wait; afterwards all of
    it raises Error, `closed`. `retain` keeps it."""

    @property
    def topic(self) -> str:
        """The topic's name, which is the event's type."""
    @property
    def sequence(self) -> int:
        """The number within the topic, from 1; never reused."""
    @property
    def id(self) -> EventId:
        """An id that no other event of the machine has."""
    @property
    def time_ns(self) -> int:
        """When it was published, in nanoseconds since 1970; 0 where the topic has no time stamps."""
    @property
    def publisher(self) -> int:
        """The number of the publisher's port."""
    @property
    def payload(self) -> memoryview:
        """The bytes, in place and read-only. Once the event has ended, reading the view raises ValueError. What was made of it
        before, a slice or an array of NumPy, stays valid, and keeps the event's block for as long as it exists; where a
        subscriber already keeps eight blocks of the topic, the view is of a copy."""
    @property
    def text(self) -> str:
        """The payload as text; bytes that are no UTF-8 become surrogates."""
    @property
    def headers(self) -> list[tuple[str, str]]:
        """The publisher's headers, in its order."""
    @property
    def key(self) -> str:
        """The publisher's key; empty without one."""
    @property
    def cause(self) -> Optional[EventId]:
        """The event whose handler published this one."""
    @property
    def traceparent(self) -> Optional[str]:
        """The trace context, as the value of a `traceparent` header."""
    @property
    def alive(self) -> bool:
        """Whether it can still be read."""
    def header(self, name: str) -> Optional[str]:
        """Returns the value of the first header of that name."""
    def bytes(self) -> bytes:
        """Returns a copy of the payload."""
    def json(self) -> Any:
        """Returns what the payload says as JSON."""
    def value(self, type: type[S]) -> S:
        """Returns a copy of the payload as a Struct. Raises Error, `type_mismatch`, where the topic carries another type."""
    def retain(self) -> Event:
        """Returns the same event to keep, on any thread, until it is released or not used any more."""
    def release(self) -> None:
        """Ends it. Its payload can't be read through it any more."""
    def scope(self) -> Scope:
        """`with event.scope():` makes it the cause of what this thread publishes in the block, as if its handler ran there."""
    def __enter__(self) -> Event: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...
    def __len__(self) -> int: ...

class EventSnapshot:
    """One event, copied: by an EventReader, or from the files of a journal. It stays as it is."""

    @property
    def topic(self) -> str:
        """The topic's name."""
    @property
    def sequence(self) -> int:
        """The number within the topic, from 1."""
    @property
    def id(self) -> EventId:
        """An id that no other event of the machine has."""
    @property
    def time_ns(self) -> int:
        """When it was published, in nanoseconds since 1970; 0 where the topic has no time stamps."""
    @property
    def publisher(self) -> int:
        """The number of the publisher's port."""
    @property
    def size(self) -> int:
        """Bytes of the whole payload, of which `max_payload` were copied at most."""
    @property
    def payload(self) -> memoryview:
        """The bytes that were copied, as a read-only memoryview."""
    @property
    def text(self) -> str:
        """The payload as text; bytes that are no UTF-8 become surrogates."""
    @property
    def headers(self) -> list[tuple[str, str]]:
        """The publisher's headers, in its order."""
    @property
    def key(self) -> str:
        """The publisher's key; empty without one."""
    @property
    def cause(self) -> Optional[EventId]:
        """The event whose handler published this one."""
    @property
    def traceparent(self) -> Optional[str]:
        """The trace context, as the value of a `traceparent` header."""
    @property
    def type_name(self) -> str:
        """The name of the type that its topic records; empty for raw bytes."""
    def header(self, name: str) -> Optional[str]:
        """Returns the value of the first header of that name."""
    def bytes(self) -> bytes:
        """Returns a copy of the payload."""
    def json(self) -> Any:
        """Returns what the payload says as JSON."""
    @overload
    def value(self, type: None = None) -> Struct:
        """Returns the payload as a Struct: of the type that the topic records, or of a class of your own. Raises Error,
        `type_mismatch`, where the topic carries another type or none."""
    @overload
    def value(self, type: type[S]) -> S: ...
    def __len__(self) -> int: ...

class EventReader:
    """Reads the events of all topics that match a pattern, without joining the bus: made by `Inspector.read`. It copies each
    event, takes no port and holds nobody back. What has left the ring of a journaled topic comes from its journal. `for event in
    reader` reads what is there now; a later loop may find more. One thread at a time."""

    def next(self) -> Optional[EventSnapshot]:
        """Returns the next event; None where there is none now. Events come in the order of their times across topics, and in
        sequence order within a topic."""
    @property
    def lost(self) -> int:
        """How many numbers were missed: their events left the ring before they were read."""
    @property
    def finished(self) -> bool:
        """Whether nothing more will come: the bus was removed; or all was read, with `retained_only`."""
    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """The matching topics that can't be read at the moment: name, code, reason."""
    def __iter__(self) -> EventReader: ...
    def __next__(self) -> EventSnapshot: ...

class JournalEvents:
    """The events of a journal, in the order of their numbers: made by `JournalFiles.read`. `for` reads what is there now; where a
    process records meanwhile, a later loop may find more. One thread at a time."""

    def next(self) -> Optional[EventSnapshot]:
        """Returns the next event; None where there is none now. Raises Error where the files can't be read: the next call tries
        again."""
    def take_stretches(self) -> list[JournalStretch]:
        """Returns what stood between the events since the last call: numbers that the journal does not hold, and why."""
    @property
    def lost(self) -> int:
        """How many numbers were passed that events had, and that are not there: missing, damaged and removed ones."""
    def __iter__(self) -> JournalEvents: ...
    def __next__(self) -> EventSnapshot: ...

class JournalFiles:
    """The journal of one topic, in `folder`/`bus`/`topic`: looks at its files, and needs no bus; also on another machine. It
    follows no link, reads files of accepted owners alone, and believes nothing that it has not checked. One thread at a
    time."""

    def __init__(self, folder: str, bus: str, topic: str, owners: Sequence[int] = ()) -> None: ...
    def info(self) -> JournalInfo:
        """Returns what the journal is, and how far it reaches."""
    def verify(self) -> JournalReport:
        """Reads and checks every byte, and changes nothing."""
    def read(self, start: Any = "oldest", *, max_payload: Optional[int] = None, incarnation: int = 0) -> JournalEvents:
        """Reads the events from `start` on: "oldest", ("last", n), ("sequence", n), ("time_ns", t) or ("after", id).
        `max_payload`: bytes of each payload that are copied. `incarnation`: of the bus, for the ids of events; files do not know
        it."""
    def prune(
        self, *, before: int = 0, older_than_ns: Optional[int] = None, bytes: Optional[int] = None, only_look: bool = False
    ) -> PruneReport:
        """Removes the oldest segment files, whole, for as long as one of these holds: all numbers of the file are below `before`;
        all its events are older than `older_than_ns`, in nanoseconds since 1970; the files take more than `bytes`. With
        `only_look` it only reports. Durable subscriptions and groups are not asked. Raises Error, `busy`, while a process records
        the topic."""
    @staticmethod
    def default_folder() -> str:
        """Returns where this process's buses have their journals by default. Empty without a home."""
    @staticmethod
    def buses(folder: str) -> list[str]:
        """Returns the names of the buses that have a folder there, sorted."""
    @staticmethod
    def topics(folder: str, bus: str, owners: Sequence[int] = ()) -> list[str]:
        """Returns the topics of a bus that have a folder there, sorted."""

class Loan:
    """Room for one event, to write in place. The end of a `with` block publishes it, or gives it back after an exception."""

    @property
    def data(self) -> memoryview:
        """The bytes to write. Their content is indeterminate."""
    @property
    def sequence(self) -> int:
        """The number that the event will have."""
    def __len__(self) -> int: ...
    def commit(self, used: Optional[int] = None) -> int:
        """Publishes the first `used` bytes, or all, and returns the event's number. Raises Error, `busy`, while slices or arrays
        made from `data` exist."""
    def abort(self) -> None:
        """Gives the room back without publishing."""
    def __enter__(self) -> Loan: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...

class Publisher:
    """Publishes to one topic. One thread at a time may use it: another one gets Error, `busy`."""

    def publish(
        self,
        payload: Payload,
        *,
        timeout: Optional[float] = None,
        headers: Optional[Headers] = None,
        key: Union[str, bytes, None] = None,
        traceparent: Optional[str] = None,
    ) -> int:
        """Publishes one event, and returns its number within the topic. Waits while a reliable subscriber holds the ring back,
        for `timeout` seconds at most; then raises Error, `back_pressured`."""
    def publish_all(self, payloads: Iterable[Payload], *, timeout: Optional[float] = None) -> int:
        """Publishes all, in order, which is quicker than one by one. Returns how many."""
    def loan(
        self,
        size: int,
        *,
        timeout: Optional[float] = None,
        headers: Optional[Headers] = None,
        key: Union[str, bytes, None] = None,
        traceparent: Optional[str] = None,
    ) -> Loan:
        """Loans room for an event of up to `size` bytes."""
    @property
    def topic(self) -> TopicInfo: ...
    def durable(self, sequence: int) -> bool:
        """Returns whether an event survives what the topic's journal promises."""
    def wait_durable(self, sequence: int, timeout: Optional[float] = None) -> None:
        """Waits for that. Raises Error: `timed_out`, `journal_failed`, `not_recorded` or `closed`."""
    @property
    def journal(self) -> tuple[int, int]:
        """The numbers up to which events are recorded, and durable."""
    def close(self) -> None: ...
    def __enter__(self) -> Publisher: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...

class Subscriber:
    """Reads all topics that match a pattern. One thread at a time may use it: another one gets Error, `busy`. `for event in
    subscriber` waits for events, and ends when the subscriber is interrupted or its bus removed."""

    def poll(self, handler: Callable[[Event], Any], limit: int = 256) -> int:
        """Hands up to `limit` events to the handler, and returns how many it took. Never waits. What the handler raises passes
        through, and its event counts as handled."""
    def next(self) -> Optional[Event]:
        """Returns the next event, valid until the next call; None where there is none now."""
    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until there may be something to poll. False: the time has passed, it was interrupted, or the bus removed."""
    def interrupt(self) -> None:
        """Makes every wait of this subscriber return. Any thread."""
    @property
    def interrupted(self) -> bool: ...
    def fileno(self) -> int:
        """Returns a descriptor for select and asyncio: readable when there may be something to poll."""
    def acknowledge(self, event: Event) -> bool:
        """Acknowledges an event of a durable subscriber, and all before it in its topic."""
    @property
    def pattern(self) -> str: ...
    @property
    def lost(self) -> int:
        """How many numbers were skipped unread."""
    @property
    def delivered(self) -> int: ...
    @property
    def mismatched(self) -> int:
        """How many events of another type were skipped."""
    @property
    def topics(self) -> int: ...
    @property
    def demoted(self) -> bool: ...
    @property
    def standing_by(self) -> bool: ...
    @property
    def status(self) -> str:
        """"ok", "closed", "corrupt", "incomplete", ..."""
    @property
    def unattached(self) -> list[tuple[str, str, str]]:
        """The matching topics that could not be attached: name, code, reason."""
    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def __enter__(self) -> Subscriber: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...
    def __iter__(self) -> Subscriber: ...
    def __next__(self) -> Event: ...

class Lease:
    """The right to handle one event of a group, until it ends: by one of its methods, by the death of the process, or when its
    time is over. The end of a `with` block acknowledges the event; after an exception it gives the event back, and the exception
    goes on. A lease that is dropped gives its event back, too, with a ResourceWarning. Any thread. It may outlive its
    group. An end that comes too late raises Error, `expired`: the event is or was leased again, and this result does not
    count."""

    @property
    def event(self) -> Event:
        """The event. Valid until the lease ends; `event.retain()` keeps it for longer."""
    @property
    def deliveries(self) -> int:
        """How often the event was leased, this time included."""
    @property
    def alive(self) -> bool:
        """Whether this object has not ended it yet."""
    def acknowledge(self) -> None:
        """The event is done with."""
    def give_back(self, delay: Optional[float] = None) -> None:
        """Gives the event back: it is leased again after the group's back-off, or after `delay` seconds."""
    def reject(self, reason: Union[str, bytes]) -> None:
        """The event can't be handled, and trying again would not help: it becomes a dead letter. `reason` travels with that, up
        to 1000 bytes. Where the dead letter can't be published it raises Error, and the event is given back."""
    def extend(self, time: float) -> None:
        """The lease lasts this many seconds from now on; in all no longer than `lease_most`. Raises Error, `expired`, where it
        has ended or can't last longer."""
    def __enter__(self) -> Lease: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...

class Group:
    def __init__(self, bus: Bus, topic: str, name: str, options: dict[str, Any]) -> None: ...
    def take(self, timeout: Optional[float] = None) -> Optional[Lease]:
        """Returns the lease of the next event, and waits for one. None: `timeout` seconds have passed, the group was interrupted
        or closed, or the bus removed."""
    def interrupt(self) -> None:
        """Makes every waiting `take` of this member return, now and in the future. Any thread."""
    @property
    def interrupted(self) -> bool: ...
    @property
    def topic(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str:
        """"ok", "incomplete", "journal_failed", "corrupt", or "closed" after the removal of the bus or the group."""
    @property
    def cautious(self) -> bool:
        """Whether most of its leases failed lately: it then leases one event a second, until one is acknowledged."""
    @property
    def lost(self) -> int:
        """How many events were lost to the group: they left the ring before any member read them."""
    @property
    def different(self) -> list[tuple[str, str, str]]:
        """The options that the group has otherwise than this member asked for, since it existed before: name, asked, found."""
    @property
    def closed(self) -> bool: ...
    def close(self) -> None:
        """Leaves the group, and makes waiting calls return. Leases that are still out stay valid."""
    def __enter__(self: G) -> G: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...
    def __iter__(self: G) -> G: ...
    def __next__(self) -> Lease: ...

class Subscription:
    """A running handler. Any thread may use it."""

    def stop(self, timeout: Optional[float] = None) -> bool:
        """Ends it, and waits for handlers that run. Inside its own handler it does not wait."""
    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until it has ended."""
    @property
    def handled(self) -> int: ...
    @property
    def handler_errors(self) -> int: ...
    @property
    def lost(self) -> int: ...
    @property
    def demoted(self) -> bool: ...
    @property
    def standing_by(self) -> bool: ...
    @property
    def status(self) -> str:
        """"ok", "retrying", "unacknowledged", "incomplete", "corrupt", or "closed" once it has ended."""
    @property
    def unattached(self) -> list[tuple[str, str, str]]:
        """The matching topics that could not be attached: name, code, reason."""
    def __enter__(self) -> Subscription: ...
    def __exit__(
        self, kind: Optional[type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...

class Bus:
    def __init__(
        self,
        name: str,
        *,
        create: bool = True,
        mode: int = 0o600,
        group: str = "",
        owners: Sequence[int] = (),
        stall_limit: float = 1.0,
        causes: bool = True,
        journals: str = "",
        record: str = "own",
        low_space: int = 64 << 20,
    ) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def incarnation(self) -> int:
        """A random number, new each time the bus is created."""
    @property
    def node(self) -> int:
        """This membership's id."""
    @property
    def removed(self) -> bool: ...
    @property
    def interrupted(self) -> bool: ...
    @property
    def closed(self) -> bool: ...
    def _publisher(self, topic: str, type: Optional[type[Struct]], options: dict[str, Any]) -> Publisher: ...
    def _subscriber(self, pattern: str, type: Optional[type[Struct]], options: dict[str, Any]) -> Subscriber: ...
    def _subscribe(
        self,
        pattern: str,
        handler: Callable[[Event], Any],
        type: Optional[type[Struct]],
        workers: int,
        queue: int,
        queue_bytes: int,
        group: str,
        options: dict[str, Any],
    ) -> Subscription: ...
    def _topic(self, name: str, options: dict[str, Any]) -> TopicInfo: ...
    def find_topic(self, topic: str) -> Optional[TopicInfo]:
        """Returns what is recorded of a topic; None where there is none."""
    def remove_topic(self, topic: str, *, erase_journal: bool = False) -> bool:
        """Removes a topic. Returns False where there is none."""
    def forget(self, durable: str) -> bool:
        """Forgets a durable subscription. Returns False where there is no such name."""
    def remove_group(self, topic: str, group: str) -> bool:
        """Removes a group with its leases and its place in the topic. Returns False where there is none. Raises Error, `busy`,
        where it has a living member."""
    def run_until_signal(self) -> int:
        """Waits until the process gets SIGINT or SIGTERM, and returns its number; 0 where the bus is interrupted or removed."""
    def interrupt(self) -> None:
        """Makes every waiting publish, wait and worker of this membership return."""
    def reap(self) -> dict[str, int]:
        """Cleans up what dead processes left."""
    def _close(self) -> None: ...
    @staticmethod
    def remove(name: str, *, erase_journals: bool = False) -> bool:
        """Removes a bus for all. Returns False where there was none."""

class InspectorJson:
    def __init__(self, bus: str, owners: Sequence[int] = ()) -> None: ...
    def snapshot(self) -> str: ...
    def calls(self) -> str: ...
    def durables(self) -> str: ...
    def read(
        self, pattern: str, start: Any, max_payload: Optional[int], retained_only: bool, journals: bool
    ) -> EventReader: ...
    def groups(self) -> str: ...
    def group_events(self, topic: str, group: str, most: int) -> str: ...
    def leftovers(self) -> str: ...
    def ring(self, topic: str) -> str: ...
    def events(self, topic: str, count: int, max_payload: int) -> str: ...
