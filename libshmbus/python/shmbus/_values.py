"""Values that describe events and topics."""

from __future__ import annotations

import json
import logging
from types import TracebackType
from typing import Any, Callable, NamedTuple


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
    first_sequence: int
    """Of the first event in memory."""
    content: str
    """"undecided", "raw" or "typed"."""
    type_name: str
    """Empty unless the topic is typed."""
    type_size: int
    type_fields: str
    """`name:type@offset+size;` for each field."""
    different: tuple[tuple[str, str, str], ...]
    """Options that were asked for and that the topic does not have: name, asked, found."""


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
