"""Servers as processes of their own, and what they cost.

A served process prints its port, then its CPU seconds at each line of standard input, until that
ends; so the cost is the server's alone, whatever the load generator does.
"""

import asyncio
import sys
from pathlib import Path
from threading import Thread
from time import process_time


async def report_until_closed(*words: object) -> None:
    """The serving side: prints ``words``, then answers each line with CPU seconds."""
    print(*words, flush=True)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell() -> None:
        for _ in sys.stdin:
            print(process_time(), memory_mb(), flush=True)
        loop.call_soon_threadsafe(done.set)

    Thread(target=tell, daemon=True).start()
    await done.wait()


def memory_mb() -> float:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Served:
    """The measuring side of such a process."""

    def __init__(self, process: asyncio.subprocess.Process, words: list[str]) -> None:
        self._process, self.words = process, words

    @classmethod
    async def start(cls, module: str, *arguments: str) -> "Served":
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, "serve", *arguments, stdin=pipe, stdout=pipe
        )
        assert process.stdout is not None
        return cls(process, (await process.stdout.readline()).decode().split())

    async def cpu_and_memory(self) -> tuple[float, float]:
        """CPU seconds so far, and resident megabytes."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        cpu, memory = (await self._process.stdout.readline()).split()
        return float(cpu), float(memory)

    async def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
