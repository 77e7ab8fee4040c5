"""Heads drawn by hand, and a session that hands them out."""

from dataclasses import dataclass

import numpy as np
from factories import person_keypoints
from posetrack.engine.flip import FlipAverage
from posetrack.engine.heads import activate
from posetrack.structures.closeable import Closeable

CHANNELS = {"heatmap": 18, "offset": 34, "local_offset": 34, "box_size": 2, "box_offset": 2}
STRIDE = 4
NOTHING = -200.0  # a logit whose sigmoid is 0 in float32


@dataclass
class Person:
    """A figure standing around (x, y), in input pixels."""

    x: float
    y: float
    height: float
    score: float = 0.8  # of the center
    keypoint_score: float = 0.9

    @property
    def keypoints(self):
        return person_keypoints(self.x, self.y, self.height)

    @property
    def half_box(self):
        return np.float32([0.2 * self.height, 0.5 * self.height])

    @property
    def box(self):
        place = np.float32([self.x, self.y])
        return np.concatenate((place - self.half_box, place + self.half_box))


def blank_heads(height, width, batch=1):
    """Activated heads (B, C, h, w) in which there is nobody."""
    return {name: np.zeros((batch, c, height, width), np.float32) for name, c in CHANNELS.items()}


def put_person(heads, person, b=0):
    """Draw a person into image b: one center, and one cell for each keypoint."""
    place = np.float32([person.x, person.y]) / STRIDE
    column, row = np.round(place).astype(int)
    heads["heatmap"][b, 17, row, column] = person.score
    heads["box_size"][b, :, row, column] = 2 * person.half_box / STRIDE
    heads["box_offset"][b, :, row, column] = place - (column, row)
    keypoints = person.keypoints / STRIDE
    heads["offset"][b, :, row, column] = (keypoints - (column, row)).reshape(-1)
    height, width = heads["heatmap"].shape[2:]
    for k, (x, y) in enumerate(keypoints):
        column, row = min(max(round(x), 0), width - 1), min(max(round(y), 0), height - 1)
        heads["heatmap"][b, k, row, column] = person.keypoint_score
        heads["local_offset"][b, 2 * k : 2 * k + 2, row, column] = x - column, y - row


def heads_of(people, height, width):
    """Activated heads (1, C, h, w) of some people."""
    heads = blank_heads(height, width)
    for person in people:
        put_person(heads, person)
    return heads


def logits(heads):
    """The heads as a network gives them: `activate` undone."""
    heat = heads["heatmap"].astype(np.float64)
    some = np.where(heat > 0, heat, 0.5)
    logit = np.where(heat > 0, np.log(some / (1 - some)), NOTHING)
    return heads | {"heatmap": logit.astype(np.float32)}


class FakeSession(Closeable):
    """Hands out the heads of the people at each short side of the input, whatever the image."""

    backend, device, precision = "fake", "cpu", "fp32"
    inputs, outputs = ("image",), tuple(CHANNELS)

    def __init__(self, people, spec_json=None):
        self.people = people  # {short side: [Person]}
        self.spec_json = spec_json
        self.images = []
        self.closed = False

    def run(self, arrays):
        (image,) = arrays.values()
        self.images.append(image)
        batch, height, width = image.shape[:3]
        heads = heads_of(self.people[min(height, width)], height // STRIDE, width // STRIDE)
        return {name: head.repeat(batch, axis=0) for name, head in logits(heads).items()}

    def close(self):
        self.closed = True


def average_flipped(heads, spec, width):
    """The mean of heads of images and of their flipped images, (2B, ...) each."""
    return FlipAverage(spec)(heads, width)


def poses_of(decoder, heads):
    """What a MoveNetDecoder finds in each image, in input pixels, best score first."""
    poses = decoder(heads)
    matrix = np.float64([[[decoder.stride, 0, 0], [0, decoder.stride, 0]]])
    return poses.moved(matrix).selected(ranked=True).to_host()


def run_activated(session, spec, images):
    """Activated heads of images (B, H, W, 3)."""
    return activate(session.run({session.inputs[0]: images}), spec)
