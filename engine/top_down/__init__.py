"""One person's crop in, one pose out: crops, the published decodings, greedy boxes."""
