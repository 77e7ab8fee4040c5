"""The commands: thin faces over plain functions."""
