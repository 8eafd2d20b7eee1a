"""`make demo` shows what it promises."""

import subprocess
import sys


def test_the_demo_reads_sets_and_reboots_devices_of_both_roots():
    demo = subprocess.run(
        [sys.executable, "-m", "simulator.demo"], capture_output=True, text=True, check=True
    )
    assert demo.stdout.count("reads back as 'Seen in the demo'") == 3
    assert "InternetGatewayDevice." in demo.stdout
    assert " Device." in demo.stdout
    assert "reboot completed" in demo.stdout
    assert "1 BOOT + M Reboot: " in demo.stdout
