"""The smoke check: a few marked students go the whole way through the real API, and are taken back."""
