"""The HTTP edge that CPEs talk to: bytes and sockets in, envelopes and callers out."""
