"""Published weights: what there is, where it comes from, what a file holds, how it is loaded."""
