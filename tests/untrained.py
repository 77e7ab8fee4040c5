"""A network that finds people though nobody trained it."""

import torch
from posetrack.models import MODELS
from posetrack.structures import COCO_17


def crowded_lite():
    """Weights of LOGO-CAP lite, by name, whose maps are above all thresholds."""
    torch.manual_seed(7)
    network, _ = MODELS["logocap-lite"].build(COCO_17)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 4:
                torch.nn.init.kaiming_normal_(parameter)
        network.final_layer_cls.weight *= 0.1
        network.final_layer_cls.bias.fill_(0.3)
        network.joints_mlp[-1].bias.fill_(0.5)
    return network.state_dict()
