"""A program as users write it, for mypy --strict: see CMakeLists.txt. It is not run."""

from __future__ import annotations

import shmbus


class WatchStarted(shmbus.Struct, name="streaming.WatchStarted"):
    user_id: shmbus.u64
    video_id: shmbus.u64


bus = shmbus.Bus("streaming")
number: int = bus.publish("video.watch_started", {"user_id": 42, "video_id": 7})


@bus.subscribe("video.watch_started", workers=2, durable="badges")
def award_badge(event: shmbus.Event) -> None:
    print(event.id, event.json()["user_id"])


def count(event: shmbus.Event) -> None:
    view: memoryview = event.payload
    print(view.nbytes, event.value(WatchStarted).user_id + 1)


subscription: shmbus.Subscription = bus.subscribe("video.*", count, type=WatchStarted)
errors: int = subscription.handler_errors


@bus.subscribe("image.uploaded", group="thumbnails", workers=2, backoff=[0.1, 1])
def make_thumbnail(event: shmbus.Event) -> None:
    print(event.text)


group: shmbus.Group = bus.group("orders.created", "billing", max_deliveries=3)
for lease in group:
    with lease:
        print(lease.event.json(), lease.deliveries + 1)
if (taken := group.take(timeout=1.0)) is not None:
    taken.extend(30)
    taken.reject("no such customer")
asked: list[tuple[str, str, str]] = group.different


async def work() -> None:
    async for lease in group:
        lease.give_back(delay=1.0)
    last = await group.take_async(0.5)
    if last is not None:
        last.acknowledge()


async def follow() -> None:
    async with bus.events("video.*") as events:
        async for event in events:
            kept = event.retain()
            print(kept.topic.upper(), kept.cause)


info = bus.find_topic("video.watch_started")
if info is not None:
    recorded: type[shmbus.Struct] = info.struct()
for copied in shmbus.Inspector("streaming").read("video.>", ("last", 10), max_payload=100):
    fields: dict[str, object] = copied.value().as_dict()
    print(copied.value(WatchStarted).user_id, copied.payload.nbytes, copied.type_name)
journal = shmbus.JournalFiles(shmbus.JournalFiles.default_folder(), "streaming", "video.watch_started")
report: shmbus.JournalReport = journal.verify()
if report.whole:
    print([damage.numbers.first for damage in report.damage], journal.info().topic.retain_bytes)
for recorded_event in journal.read(("sequence", 7)):
    print(recorded_event.id, recorded_event.headers)

with bus.publisher("video.frame", blocks=4) as publisher:
    with publisher.loan(1 << 10) as loan:
        loan.data[0] = 1
    publisher.wait_durable(publisher.publish(WatchStarted(user_id=1, video_id=2), timeout=1.0, headers={"a": "b"}))

for event in bus.subscriber("video.>", start=("last", 3)):
    text: str = event.text
    try:
        bus.publish("echo", text)
    except shmbus.Error as error:
        print(error.code, error.remedy)
