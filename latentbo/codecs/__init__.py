"""Objects to tokens and back, with a reason for everything refused."""
