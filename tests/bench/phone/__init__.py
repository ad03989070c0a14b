"""The telephone's 8 kHz path, measured: what is heard over it, who gets the floor, when the answer begins."""
