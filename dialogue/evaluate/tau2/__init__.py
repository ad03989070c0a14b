"""tau2's retail tasks (tau1's too) as plays: files in, ``play.Task`` values out. README.md of the parent says how."""
