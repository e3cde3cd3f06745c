"""Names of the acquisition functions, for settings that are read without BoTorch."""

ACQUISITIONS = ("ei", "ucb", "ts")
