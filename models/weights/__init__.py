"""Published weights and weight files: what there is, fetching, reading, identifying, loading."""
