"""What people ask of devices: orders are placed, carried out by sessions, seen and taken back."""
