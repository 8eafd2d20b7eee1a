"""``make bench``: every benchmark, or the named ones (``make bench ARGS="codec sessions"``)."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ALL = sorted(
    file.stem for file in FOLDER.glob("*.py") if '__name__ == "__main__"' in file.read_text()
)


def main(names: list[str]) -> None:
    """Each in a process of its own: none finds the caches of another warm."""
    for name in names or [name for name in ALL if not name.startswith("_")]:
        print(f"\n== {name} ==", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=FOLDER.parent, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
