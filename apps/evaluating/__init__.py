"""Evaluation of files: who is compared with whom, tables, reports."""
