"""Losses, the training loop, and retraining during a campaign."""
