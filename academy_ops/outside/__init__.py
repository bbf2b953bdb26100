"""All that touches the outside: clients, time limits, permissions, scripts for hosts. Nothing here judges."""
