"""How the process itself runs: when it looks for garbage.

What was loaded at the start stays for ever, and a session makes hundreds of objects that need no
collector to go away, so the collector is told to look less often.
"""

import gc

COLLECT_AFTER = (20_000, 20, 50)  # new containers, and rounds of the younger generations


def settle() -> None:
    """Called once when everything is loaded and opened."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
