"""The inputs of every kernel, one file per subject."""

from . import (
    activations_cases,
    adaptive_cases,
    association_cases,
    boxes_cases,
    flip_cases,
    heatmaps_cases,
    images_cases,
    logocap_cases,
    movenet_cases,
    poses_cases,
    refinement_cases,
    similarity_cases,
    single_person_cases,
    upsampling_cases,
)

CASES = {
    **activations_cases.CASES,
    **adaptive_cases.CASES,
    **association_cases.CASES,
    **boxes_cases.CASES,
    **flip_cases.CASES,
    **refinement_cases.CASES,
    **heatmaps_cases.CASES,
    **images_cases.CASES,
    **logocap_cases.CASES,
    **movenet_cases.CASES,
    **poses_cases.CASES,
    **similarity_cases.CASES,
    **single_person_cases.CASES,
    **upsampling_cases.CASES,
}
