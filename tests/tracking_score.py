"""MOTA of one video from two PoseTrack18 files, joint by joint: enough to watch the tracker by.

CLEAR MOT (Bernardin and Stiefelhagen, 2008) as poseval counts it: a joint matches within half of
0.6 times the head box's diagonal; last frame's pairs stay if they can, the others are assigned at
least distance; a person whose partner has another id than last time is a switch.
"""

from collections import defaultdict

import numpy as np
from scipy.optimize import linear_sum_assignment

_FAR = 1e6


def people_by_frame(document):
    """{image file name: [(track id, (K, 3) keypoints, head size)]}; ids become frame names."""
    names = {image["id"]: image["file_name"].split("/")[-1] for image in document["images"]}
    frames = {name: [] for name in names.values()}
    for person in document["annotations"]:
        keypoints = np.array(person["keypoints"], float).reshape(-1, 3)
        width, height = (person.get("bbox_head") or (0, 0, 0, 0))[2:]
        frames[names[person["image_id"]]].append(
            (person["track_id"], keypoints, 0.6 * float(np.hypot(width, height)))
        )
    return frames


def mota(truth, predictions):
    """Mean over the annotated joints of 1 - (misses + false positives + switches) / objects."""
    truth, predictions = people_by_frame(truth), people_by_frame(predictions)
    joints = next(iter(people for people in truth.values() if people))[0][1].shape[0]
    scores = [
        score
        for joint in range(joints)
        if (score := _joint_mota(joint, truth, predictions)) is not None
    ]
    return float(np.mean(scores))


def _joint_mota(joint, truth, predictions):
    partner, counts = {}, defaultdict(int)
    for name in sorted(truth):
        objects = [(i, k[joint, :2], size) for i, k, size in truth[name] if k[joint, 2] > 0]
        guesses = [(i, k[joint, :2]) for i, k, _ in predictions.get(name, []) if k[joint, 2] > 0]
        cost = np.full((len(objects), len(guesses)), _FAR)
        for a, (_, place, size) in enumerate(objects):
            for b, (_, guess) in enumerate(guesses):
                distance = np.linalg.norm(place - guess) / size
                if distance <= 0.5:
                    kept = partner.get(objects[a][0]) == guesses[b][0]
                    cost[a, b] = distance - (100 if kept else 0)
        pairs = [(a, b) for a, b in zip(*linear_sum_assignment(cost), strict=True)
                 if cost[a, b] < _FAR]  # fmt: skip
        for a, b in pairs:
            before = partner.get(objects[a][0])
            counts["switches"] += before is not None and before != guesses[b][0]
            partner[objects[a][0]] = guesses[b][0]
        counts["objects"] += len(objects)
        counts["wrong"] += len(objects) + len(guesses) - 2 * len(pairs)
    if not counts["objects"]:
        return None
    return 1 - (counts["wrong"] + counts["switches"]) / counts["objects"]
