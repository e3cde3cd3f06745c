"""Which decoded objects are worth measuring, and why the others are not."""
