"""Sample devices of an invented vendor: one TR-098 gateway and one TR-181 gateway."""
