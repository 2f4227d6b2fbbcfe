"""An event bus for the services of one Linux host, in shared memory.

    import shmbus

    bus = shmbus.Bus("streaming")

    @bus.subscribe("video.watch_started")
    def award_badge(event):
        print(event.json()["user_id"])

    bus.publish("video.watch_started", {"user_id": 42, "video_id": 7})

Several processes share the events of one topic as a group:

    for lease in bus.group("orders.created", "billing"):
        with lease:  # its end acknowledges; after an exception the event comes again
            print(lease.event.json())

`python3 -m shmbus` is a first look. Times are seconds unless a name ends in `_ns`; None means without bound.
"""

from __future__ import annotations

import atexit as _atexit

from . import _shmbus
from ._bus import Bus, Events, Handler, Payload
from ._error import Error
from ._group import Group
from ._inspector import Inspector
from ._journal import (
    JournalDamage,
    JournalFile,
    JournalInfo,
    JournalNumbers,
    JournalRemark,
    JournalReport,
    JournalStretch,
    PruneReport,
)
from ._shmbus import (
    Event,
    EventReader,
    EventSnapshot,
    JournalEvents,
    JournalFiles,
    Lease,
    Loan,
    Publisher,
    Scope,
    Subscriber,
    Subscription,
    bus_files,
    buses,
    matches,
)
from ._struct import (
    Field,
    Sequence,
    Struct,
    array,
    bool_,
    chars,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    std_array,
    u8,
    u16,
    u32,
    u64,
)
from ._values import EventId, TopicInfo

__version__: str = _shmbus.version
__all__ = [
    "Bus", "Error", "Event", "EventId", "EventReader", "EventSnapshot", "Events", "Field", "Group", "Handler", "Inspector",
    "JournalDamage", "JournalEvents", "JournalFile", "JournalFiles", "JournalInfo", "JournalNumbers", "JournalRemark",
    "JournalReport", "JournalStretch", "Lease", "Loan", "Payload", "PruneReport", "Publisher", "Scope", "Sequence",
    "Struct", "Subscriber", "Subscription", "TopicInfo", "array", "bool_", "bus_files", "buses", "chars", "f32", "f64",
    "i8", "i16", "i32", "i64", "matches", "std_array", "u8", "u16", "u32", "u64",
]  # fmt: skip

# A worker can't return from a handler of Python once the interpreter ends.
_atexit.register(_shmbus._stop_all)
