"""Events by asyncio."""

import asyncio
import threading
import unittest

import shmbus
from support import BusTest


class Async(BusTest):
    def test_events(self) -> None:
        async def read() -> list[str]:
            seen = []
            async with self.bus.events("a.*") as events:
                threading.Timer(0.02, lambda: [self.bus.publish("a.b", str(i)) for i in range(100)]).start()
                async for event in events:
                    seen.append(event.text)
                    if len(seen) == 100:
                        break
            return seen

        self.assertEqual(asyncio.run(read()), [str(i) for i in range(100)])

    def test_two_at_once(self) -> None:
        async def read(pattern: str) -> str:
            async with self.bus.events(pattern, start="oldest") as events:
                async for event in events:
                    view = event.payload
                    return bytes(view).decode()
            return ""

        async def both() -> list[str]:
            first, second = asyncio.create_task(read("a")), asyncio.create_task(read("b"))
            await asyncio.sleep(0.02)
            self.bus.publish("b", "2")
            self.bus.publish("a", "1")
            return list(await asyncio.gather(first, second))

        self.assertEqual(asyncio.run(both()), ["1", "2"])

    def test_ends_when_the_bus_is_removed(self) -> None:
        async def read() -> int:
            seen = 0
            async for _ in self.bus.events("a.b"):
                seen += 1
                shmbus.Bus.remove(self.name)
            return seen

        threading.Timer(0.05, lambda: self.bus.publish("a.b", "x")).start()
        self.assertEqual(asyncio.run(read()), 1)

    def test_cancel(self) -> None:
        async def run() -> None:
            events = self.bus.events("a.b")
            task = asyncio.create_task(events.__anext__())
            await asyncio.sleep(0.02)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.bus.publish("a.b", "x")
            self.assertEqual((await events.__anext__()).text, "x")
            await events.aclose()
            with self.assertRaises(StopAsyncIteration):
                await events.__anext__()

        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()
