"""What a message proves, for tests that do not ask for the reason behind it."""

from checks.job_words import fault_of_message


def code_of_message(message: str) -> str | None:
    """Return the code that an error message proves, or None."""
    fault = fault_of_message(message)
    return fault.code if fault else None
