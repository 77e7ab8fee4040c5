"""The same images through two models: what `posetrack compare` does."""
