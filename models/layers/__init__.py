"""What networks are built from: backbones, deconvolutions, adaptive convolutions, RoI parts."""
