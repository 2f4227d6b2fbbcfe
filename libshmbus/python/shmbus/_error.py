"""The exception of this package."""

from __future__ import annotations

from typing import Any


class Error(Exception):
    """A failure of shmbus, in five parts. The last four are phrases for people, and empty where there is nothing to say."""

    code: str
    """What failed, for programs: "not_found", "type_mismatch", "back_pressured", "closed", ..."""
    object: str
    """The thing: "topic 'video.frame'"."""
    expected: str
    """What was expected of it."""
    found: str
    """What was found instead; without `expected`, what is wrong: "does not exist"."""
    remedy: str
    """What to do."""

    def __init__(self, code: str, object: str, expected: str = "", found: str = "", remedy: str = "") -> None:
        text = object
        if expected:
            text += f": expected {expected}"
        if found:
            text += f", found {found}" if expected else f" {found}"
        if remedy:
            text += f"; {remedy}"
        super().__init__(text)
        self.code = code
        self.object = object
        self.expected = expected
        self.found = found
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return (Error, (self.code, self.object, self.expected, self.found, self.remedy))
