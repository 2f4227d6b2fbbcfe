"""The events that the services have in common. They are all that these know of each other.

The C++ services of daemons/streaming have the same struct, so all of them can be on one bus.
"""

from __future__ import annotations

import shmbus


class WatchStarted(shmbus.Struct, name="video.WatchStarted"):
    """A user started a video."""

    user: shmbus.u64
    video: shmbus.u64
    time: shmbus.i64  # seconds since 1970
    rating: shmbus.f64  # 0 to 5 stars
