"""The commands: parse, call, render, exit code; nothing else."""
