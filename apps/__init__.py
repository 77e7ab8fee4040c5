"""Commands, video in and out, drawing, reports."""
