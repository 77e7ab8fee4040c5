"""The catalogue: it names what the networks' files build, and needs no PyTorch to do so."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch
from posetrack.models import FAMILIES, MODELS
from posetrack.models.model import Model
from posetrack.structures import COCO_17

NETWORKS = Path(__file__).parents[2] / "models" / "networks"
# As on a machine on which neither is installed.
WITHOUT_TORCH = "import sys; sys.modules.update(torch=None, safetensors=None)\n"


def table_of(family):
    return import_module(f"posetrack.models.networks.{family.replace('-', '_')}").MODELS


@pytest.mark.parametrize("family", FAMILIES)
def test_family_has_the_names_that_its_file_builds(family):
    assert FAMILIES[family] == tuple(table_of(family))
    for name in FAMILIES[family]:
        with torch.device("meta"):
            _, spec = MODELS[name].build(COCO_17)
        assert (spec.name, spec.family) == (name, family)
        assert MODELS[name] is table_of(family)[name]
        assert MODELS[name].family == family


@pytest.mark.parametrize(
    ("family", "rules"),
    [
        ("movenet", ("released",)),
        ("logocap", ("released", "paper")),
        ("heatmap-guided", ("released", "paper")),
        ("dekr", ("released", "paper")),
        ("simple-baseline", ("released", "paper")),
        ("ogn", ("paper",)),
        ("ogn-mask-rcnn", ("paper",)),
    ],
)
def test_networks_are_built_by_the_rules_that_there_are(family, rules):
    for name in FAMILIES[family]:
        assert MODELS[name].rules == rules
        for asked in (None, *rules):
            with torch.device("meta"):
                _, spec = MODELS[name].build(COCO_17, asked)
            assert (spec.name, spec.rules) == (name, asked or rules[0])


def test_rules_that_there_are_not_are_refused():
    for name, rules, missing in (
        ("movenet-multipose", "paper", "movenet network has no paper: use the rules released"),
        ("ogn-resnet-50", "released", "ogn network has no released code: use the rules paper"),
        ("integral-resnet-50", "released", "integral network has no released code"),
        ("integral-3d-resnet-50", "paper", "integral network has no paper"),
    ):
        with pytest.raises(ValueError, match=f"this {missing}"):
            MODELS[name].build(COCO_17, rules)


def test_every_file_with_networks_is_in_the_catalogue():
    with_table = {p.stem for p in NETWORKS.glob("*.py") if "\nMODELS: " in p.read_text("utf-8")}
    assert with_table == {family.replace("-", "_") for family in FAMILIES}


@pytest.mark.parametrize("path", sorted(NETWORKS.glob("*.py")), ids=lambda path: path.stem)
def test_family_imports_no_other_familys_file(path):
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    assert [node.module for node in imports if node.level == 1] == []
    assert [node.module for node in imports if "networks" in (node.module or "")] == []


def test_catalogue_is_a_mapping_from_names_to_models():
    names = [name for names in FAMILIES.values() for name in names]
    assert list(MODELS) == names
    assert len(MODELS) == len(set(names)) == len(names)
    assert "dekr-hrnet-w32" in MODELS
    assert "dekr" not in MODELS
    assert MODELS.get("dekr") is None
    assert isinstance(MODELS["dekr-hrnet-w32"], Model)
    with pytest.raises(KeyError, match="dekr"):
        MODELS["dekr"]


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_names_and_published_weights_are_known_without_torch():
    code = """
from posetrack.models import FAMILIES, MODELS
from posetrack.models.weights.zoo import ZOO
assert list(MODELS)[0] == "movenet-multipose" and "dekr-hrnet-w48" in MODELS
assert all(entry.model is None or entry.model in MODELS for entry in ZOO.values())
try:
    MODELS["dekr-hrnet-w48"]
except RuntimeError as error:
    print(error)
"""
    said = run(WITHOUT_TORCH + code)
    assert said == "dekr-hrnet-w48 is built with torch: pip install 'posetrack[torch]'\n"


def test_family_is_imported_when_it_is_asked_for():
    code = """
import sys
from posetrack.models import MODELS
def imported():
    names = sorted(name for name in sys.modules if name.startswith("posetrack.models.networks."))
    return [name.split(".")[-1] for name in names]
assert "torch" not in sys.modules
assert "dekr-hrnet-w32" in MODELS and len(MODELS) > 1 and imported() == []
MODELS["dekr-hrnet-w32"]
print(*imported())
"""
    assert run(code) == "dekr\n"
