"""How long a test waits for what would take minutes if time grew with the square of the input.

A guard against hangs, not a measurement: some ten times what these take on a loaded machine with coverage on.
"""

HANG_S = 30.0
