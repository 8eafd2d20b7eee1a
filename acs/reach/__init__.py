"""How to call a CPE: connection requests, one at a time or until the device Informs."""
