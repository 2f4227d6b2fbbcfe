"""Values that describe events and topics."""

from __future__ import annotations

import json
import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from . import _shmbus

if TYPE_CHECKING:
    from ._struct import Struct


class EventId(NamedTuple):
    """Identifies one event among all events of a machine."""

    bus: int
    """Incarnation of the bus."""
    topic: int
    """Incarnation of the topic."""
    sequence: int
    """Number within the topic, from 1."""

    def __str__(self) -> str:
        return f"{self.bus:016x}-{self.topic:016x}-{self.sequence}"

    @staticmethod
    def parse(text: str) -> EventId:
        """Reads what `str` returns. Raises ValueError for any other text."""
        parts = text.split("-")
        if len(parts) != 3 or len(parts[0]) != 16 or len(parts[1]) != 16 or not parts[2].isdecimal():
            raise ValueError(f"an event's id: expected bus-topic-sequence, found '{text}'")
        return EventId(int(parts[0], 16), int(parts[1], 16), int(parts[2]))


class TopicInfo(NamedTuple):
    """What a topic is, as its creator and its first publisher recorded it."""

    name: str
    id: int
    """Random, new for each incarnation of the topic."""
    block_size: int
    """In bytes."""
    blocks: int
    """Retained in the ring."""
    max_payload: int
    """Bytes of the largest event."""
    timestamps: bool
    writers: str
    """"shared" or "exclusive"."""
    mode: int
    reserved: bool
    accepts_raw: bool
    journal: str
    """"none", "page_cache", "interval" or "batch"."""
    journal_interval: float
    """Of "interval", in seconds; 0 for the others."""
    retain_bytes: int
    """What the journal keeps; 0: no limit."""
    retain_age: float
    """In seconds; 0: no limit."""
    retain_unacknowledged: bool
    """Nothing goes that a durable subscription has not acknowledged, or a group not settled."""
    when_behind: str
    """"hold" or "skip": when the disk can't keep up."""
    unrecorded_limit: float
    """How long publishers wait for a process that records, in seconds."""
    segment_file: int
    """Bytes of a segment file of the journal."""
    first_sequence: int
    """Of the first event in memory."""
    content: str
    """"undecided", "raw" or "typed"."""
    type_name: str
    """Empty unless the topic is typed."""
    type_size: int
    type_alignment: int
    type_layout: int
    """A hash of the type's fields; 0: not recorded."""
    type_fields: str
    """`name:type@offset+size;` for each field."""
    different: tuple[tuple[str, str, str], ...]
    """Options that were asked for and that the topic does not have: name, asked, found."""

    def struct(self) -> type[Struct]:
        """Returns the recorded type as a Struct, for a program that does not declare it: see `Event.value`. A field whose type
        is itself a struct, or is not known here, is an array of bytes. Raises Error, `type_mismatch`, where the topic carries no
        type, or one without fields."""
        from ._struct import struct_of

        recorded = _shmbus.Type.recorded(self.type_name, self.type_size, self.type_alignment, self.type_layout, self.type_fields)
        return struct_of(recorded, self.name)


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def log_handler_error(
    handler: Callable[..., Any],
    kind: type[BaseException],
    value: BaseException,
    trace: TracebackType | None,
) -> None:
    """Logs what a handler on a worker thread raised."""
    name = getattr(handler, "__qualname__", repr(handler))
    logging.getLogger("shmbus").error("the handler %s raised an exception", name, exc_info=(kind, value, trace))
