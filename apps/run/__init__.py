"""The main job: a source through engine and tracker into its folder of results."""
