"""Diagnose a failed bulk Excel registration: root cause, evidence, remedy."""

__version__ = "0.1.0"
