"""From names and files of the command line to an engine, or to one sentence."""

import pytest
from posetrack.apps.engine_loading import ModelChoice, load_engine, model_card
from posetrack.engine import DEFAULT_MODEL, EngineOptions, model_path
from posetrack.structures import BackendError, SessionOptions

OPTIONS = EngineOptions()


def test_without_a_choice_the_default_model_is_loaded_and_named():
    choice = ModelChoice(session=SessionOptions("onnxruntime", parallel=2))
    with load_engine(choice, EngineOptions(sizes=(192,))) as engine:
        card = model_card(choice, engine)
        assert (engine.session.backend, engine.sizes) == ("onnxruntime", (192,))
    assert (card["name"], card["licence"]) == (DEFAULT_MODEL, "Apache-2.0")
    assert choice.file == model_path(DEFAULT_MODEL)
    assert (len(card["sha256"]), card["companions"], card["rules"]) == (64, {}, "released")


def test_record_tells_a_model_from_the_same_one_with_another_companion(tmp_path):
    model = tmp_path / "m.onnx"
    model.write_bytes(model_path(DEFAULT_MODEL).read_bytes())
    choice = ModelChoice(str(model), session=SessionOptions("onnxruntime"))
    with load_engine(choice, OPTIONS) as engine:
        cards = [model_card(choice, engine)]
        for data in (b"1", b"2"):
            (tmp_path / "m.refine.onnx").write_bytes(data)
            cards.append(model_card(choice, engine))
    assert [list(card["companions"]) for card in cards] == [[], ["refine"], ["refine"]]
    assert cards[1] != cards[2]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"session": SessionOptions("torch")}, ValueError, "torch runs checkpoints: name one with"),
        ({"model": "a.pth.tar"}, ValueError, "a checkpoint, not a model file: use --weights a.pth"),
        ({"model": "logocap-lite"}, ValueError, "logocap-lite is a network without weights: name"),
        ({"model": "nobody"}, FileNotFoundError, "there is no model file nobody; models that ship"),
        ({"score_weights": "a.pth"}, ValueError, "--score-weights goes with --weights"),
        (
            {"weights": "a.pth", "session": SessionOptions("openvino")},
            ValueError,
            "weights run in torch, not in openvino: write an .onnx file",
        ),
        (
            {"weights": "a.pth", "session": SessionOptions(precision="bf16")},
            BackendError,
            "torch computes in fp32 here, not in bf16",
        ),
    ],
)
def test_choices_that_do_not_fit_are_refused_before_anything_is_loaded(options, kind, message):
    with pytest.raises(kind, match=message):
        load_engine(ModelChoice(**options), OPTIONS)


def test_model_file_keeps_the_rules_it_was_exported_by():
    chosen = ModelChoice(rules="released", session=SessionOptions("onnxruntime"))
    with load_engine(chosen, OPTIONS) as engine:
        assert engine.spec.rules == "released"
    message = (
        r"movenet-multipose\.onnx follows the rules released, not paper: "
        r"export it with `posetrack export --rules paper`$"
    )
    with pytest.raises(ValueError, match=message):
        load_engine(ModelChoice(rules="paper", session=SessionOptions("onnxruntime")), OPTIONS)


def test_without_torch_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("posetrack.apps.extras.find_spec", lambda name: None)
    wanted = r"--weights needs torch, safetensors: pip install 'posetrack\[torch\]'"
    with pytest.raises(BackendError, match=wanted):
        load_engine(ModelChoice(weights=tmp_path / "a.pth"), OPTIONS)
