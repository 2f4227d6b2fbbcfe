"""What JournalFiles tells of the files of a journal."""

from __future__ import annotations

from typing import NamedTuple

from ._values import TopicInfo


class JournalNumbers(NamedTuple):
    """A range of numbers of events, both ends included."""

    first: int
    last: int


class JournalFile(NamedTuple):
    """A segment file of a journal."""

    name: str
    bytes: int
    """With the room that was allocated and is not used yet."""
    first: int
    """The first number that it may hold."""
    last: int
    """The last number that it names; 0: none, or not known."""
    created_ns: int
    """In nanoseconds since 1970."""
    last_time_ns: int | None
    """The greatest time of an event in it or in files before it."""
    closed: bool
    """Nothing more is appended to it."""
    problem: str
    """Why it can't be read; empty when it could."""


class JournalInfo(NamedTuple):
    """What a journal is, and how far it reaches."""

    bus: str
    path: str
    """Of its folder."""
    topic: TopicInfo
    """As the process that recorded it last knew it."""
    in_use: bool
    """A bus uses it, or did when the machine's memory ended. False: it was closed, and all of it is on stable storage."""
    recorded: bool
    """A process records it now; False also where this user may not know."""
    first: int
    """The first number that it may hold; 0: it holds nothing."""
    last: int
    """The last number that it names."""
    first_time_ns: int | None
    """Of its events; None where there is none, or without time stamps."""
    last_time_ns: int | None
    bytes: int
    """Of all segment files."""
    free_bytes: int
    """That this user may still write to the file system."""
    files: tuple[JournalFile, ...]
    """Oldest first."""


class JournalDamage(NamedTuple):
    """Bytes of a journal that were on stable storage and are damaged."""

    file: str
    offset: int
    numbers: JournalNumbers
    """Of the events that they may have held; `last` below `first`: of none."""


class JournalRemark(NamedTuple):
    """What is wrong with a file as a whole, or worth a word."""

    file: str
    text: str


class JournalReport(NamedTuple):
    """What reading every byte of a journal found."""

    files: int
    bytes: int
    frames: int
    events: int
    first: int
    """The first number that it may hold; 0: it holds nothing."""
    last: int
    """The last number that it names."""
    closed: bool
    """The last file was closed."""
    tail_bytes: int
    """Behind the last frame: being written, or never synced; no damage."""
    damage: tuple[JournalDamage, ...]
    """In the order of the journal."""
    gaps: tuple[JournalNumbers, ...]
    """Numbers that no event has or will have."""
    missing: tuple[JournalNumbers, ...]
    """Numbers of events that were never recorded."""
    remarks: tuple[JournalRemark, ...]

    @property
    def whole(self) -> bool:
        """Whether all that was recorded is there."""
        return not self.damage and not self.remarks


class JournalStretch(NamedTuple):
    """Numbers between two events of a journal, which it does not hold."""

    kind: str
    """"gap": no event has or will have them; "missing": not recorded; "damaged"; "removed": by retention or pruning."""
    numbers: JournalNumbers


class PruneReport(NamedTuple):
    """What pruning removed, or would remove."""

    files: int
    bytes: int
    last: int
    """The last number that was removed; 0: none."""
