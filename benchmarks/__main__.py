"""``python -m benchmarks``: what the server promises of its speed, measured; about four minutes.

A name runs one benchmark alone, with its own arguments: ``python -m benchmarks sessions 3000 9``.
What the figures mean, and where the time goes, is told in ``docs/benchmarks.md``.
"""

import sys
from importlib import import_module

PROMISED = ("sessions", "codec", "operations", "queue", "bulk")
DEEPER = ("storage", "endpoint", "devices", "imports")


def main(name: str = "", *arguments: str) -> None:
    if name and name not in PROMISED + DEEPER:
        sys.exit(f"There is no benchmark {name}; there are {', '.join(PROMISED + DEEPER)}.")
    for each in (name,) if name else PROMISED:
        print(f"--- {each}", flush=True)
        import_module(f"benchmarks.{each}").main(*arguments)
        print(flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
