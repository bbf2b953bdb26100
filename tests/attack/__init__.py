"""Strangers at the lab, all at once: what they send, and what must not come of it."""
