"""`posetrack track`: detections of any source in, the same with track ids out."""
