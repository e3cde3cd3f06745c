"""Where to measure next: regions, acquisition functions, proposers and the pool."""
