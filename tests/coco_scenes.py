"""Random scenes of COCO people, and predictions with mistakes, for tests of evaluation."""

import numpy as np
from factories import person_keypoints
from posetrack.structures import COCO_17, Annotations

K = len(COCO_17)


def truth_image(image_id, people, *, height=100.0, labels=None, **known):
    """Standing people at (x, y); boxes and areas as tall as they are."""
    n = len(people)
    keypoints = np.array([person_keypoints(x, y, height) for x, y in people]).reshape(n, K, 2)
    centers = np.array(people, float).reshape(n, 2)
    half = np.array([0.2, 0.5]) * height
    known = {
        "boxes": np.hstack((centers - half, centers + half)),
        "areas": np.full(n, 0.4 * height**2 * 0.53),
        "image_id": image_id,
    } | known
    return Annotations.of(keypoints, np.full((n, K), 2) if labels is None else labels, **known)


def predicted(truth, *, scores=None, keypoints=None, **known):
    """Predictions at the true places, or at others."""
    n = len(truth)
    return Annotations.of(
        truth.keypoints if keypoints is None else keypoints,
        np.full((n, K), 2),
        keypoint_scores=np.ones((n, K)),
        scores=np.linspace(0.9, 0.5, n) if scores is None else scores,
        **{"boxes": truth.boxes, "image_id": truth.image_id} | known,
    )


def random_scenes(seed, images=12):
    """(truth, results): crowds, people without labels, missed and doubled ones, equal scores."""
    rng = np.random.default_rng(seed)
    truth, results = [], []
    for image_id in range(1, images + 1):
        n = int(rng.integers(0, 6))
        people = [(rng.uniform(50, 600), rng.uniform(100, 300)) for _ in range(n)]
        labels = rng.choice([0, 1, 2], (n, K), p=[0.3, 0.2, 0.5])
        crowd = rng.random(n) < 0.15
        labels[crowd | (rng.random(n) < 0.1)] = 0
        image = truth_image(
            image_id, people, labels=labels, height=rng.choice([60.0, 150.0, 300.0])
        )
        image = Annotations.of(
            np.where(labels[..., None] > 0, image.keypoints, 0),
            labels,
            boxes=image.boxes,
            areas=image.areas,
            crowd=crowd,
            ignored=(labels == 0).all(axis=1),
            image_id=image_id,
        )
        truth.append(image)
        found = np.repeat(np.arange(n), rng.integers(0, 3, n))
        if not len(found):
            continue
        places = np.array([person_keypoints(x, y, 100) for x, y in people])[found]
        size = np.sqrt(image.areas[found])[:, None, None]
        noise = rng.normal(0, 1, places.shape) * size * rng.choice([0.02, 0.1], (len(found), 1, 1))
        here = image.keypoints[found]
        keypoints = np.where((here != 0).any(axis=2, keepdims=True), here, places) + noise
        scores = np.round(rng.random(len(found)), 1)
        results.append(predicted(image[found], keypoints=keypoints, scores=scores))
    return truth, results
