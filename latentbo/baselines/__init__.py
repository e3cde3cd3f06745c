"""Methods to compare with, behind the same ask and tell."""
