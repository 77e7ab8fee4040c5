"""The examples in other languages find and draw the people that the engine finds."""

import base64
import json
import os
import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from media import clip_images
from posetrack.engine import PoseEngine
from posetrack.engine.sizing import size_image
from posetrack.exporters import ExportOptions, export_onnx
from posetrack.kernels.native import onnxruntime_operators

from .models.published import shipped_weights

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
MIN_SCORE = 0.2  # of the examples
INPUT_ATOL = 0.01  # pixels; two builds of ONNX Runtime on the same input
# Input pixels between keypoints in a picture that each sizes in its own way; the median of a
# person, as weak keypoints jump. C++ uses the engine's filter, on sides rounded to whole pixels.
PHOTO_ATOL = {"node": 1.0, "web": 1.0, "cpp": 0.3, "cpp-library": 0.3}
PRETTIER = "prettier@3.10.1"
NO_NETWORK = ("EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
# The page in a frame, given a picture as a person would; what it shows is sent back.
HARNESS = """<!doctype html><script type="module">
const frame = document.body.appendChild(document.createElement("iframe"));
await new Promise((loaded) => { frame.onload = loaded; frame.src = "/web/index.html"; });
const shown = (name) => frame.contentDocument.querySelector(name);
const picture = await (await fetch("/picture.png")).blob();
const files = new DataTransfer();
files.items.add(new File([picture], "picture.png", { type: "image/png" }));
shown("input").files = files.files;
shown("input").dispatchEvent(new Event("change"));
while (["Loading the model ...", "Choose a picture."].includes(shown("output").textContent))
  await new Promise((later) => setTimeout(later, 50));
const said = shown("output").textContent, people = shown("pre").textContent;
const drawing = shown("canvas").toDataURL();
await fetch("/", { method: "POST", body: JSON.stringify({ said, people, drawing }) });
</script>"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The default model from images to poses."""
    folder = tmp_path_factory.mktemp("model")
    np.savez(folder / "weights.npz", **shipped_weights())
    export_onnx("movenet-multipose", folder / "weights.npz", folder / "model.onnx", ExportOptions())
    return folder / "model.onnx"


@pytest.fixture(scope="module")
def engine():
    with PoseEngine.load() as engine:
        yield engine


@pytest.fixture(scope="module", params=["wide", "upright", "large"])
def photo(request, clips):
    """(H, W, 3) RGB with two people, of other sizes than the model's input."""
    (image,) = clip_images(clips / "face-demographics-walking.mp4", 1)
    if request.param == "large":
        return cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(image[:, 190:410]) if request.param == "upright" else image


# ---- how each example is run: picture (H, W, 3) RGB -> (people, drawing (H, W, 3) RGB)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def run(command, folder, timeout=120, **environment):
    """What a program says on stdout."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def npm(command, folder):
    need("node", "npm")
    try:
        return run(command, folder, 240, ONNXRUNTIME_NODE_INSTALL="skip")
    except AssertionError as error:
        if any(word in str(error) for word in NO_NETWORK):
            pytest.skip("npm does not reach its registry")
        raise


def copied(name, folder):
    """A folder with the example as a clone has it, and its packages."""
    shutil.copy(EXAMPLES / "people.mjs", folder)
    ignored = shutil.ignore_patterns("node_modules", "*.onnx")
    shutil.copytree(EXAMPLES / name, folder / name, ignore=ignored)
    npm(["npm", "ci", "--ignore-scripts"], folder / name)
    return folder / name


def read_picture(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def write_picture(path, image):
    assert cv2.imwrite(str(path), image[..., ::-1])
    return path


def run_files(command, suffix, folder, image, more=()):
    """Of a program that reads a picture and writes another."""
    picture = write_picture(folder / f"picture{suffix}", image)
    said = run([*command, picture, folder / f"poses{suffix}", *more], folder)
    return said, read_picture((folder / f"poses{suffix}").read_bytes())


def node_example(folder, model):
    program = copied("node", folder) / "poses.mjs"
    return partial(run_files, ["node", program, model], ".png", folder)


def cpp_example(folder, model):
    need("cmake", "c++")
    root = Path(os.environ.get("ORT_ROOT", "/usr"))
    if not list(root.glob("include/**/onnxruntime_cxx_api.h")):
        pytest.skip(f"no headers of ONNX Runtime in {root}: set ORT_ROOT")
    if not list(Path("/usr").glob("include/nlohmann/json.hpp")):
        pytest.skip("nlohmann-json3-dev is not installed")
    (library,) = Path(onnxruntime.__file__).parent.glob("capi/libonnxruntime.so.*")
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):  # as a release has them
        (folder / name).symlink_to(library)
    options = [f"-DORT_ROOT={root}", f"-DORT_LIBRARY={folder / 'libonnxruntime.so'}"]
    warnings = "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror"
    run(["cmake", "-S", EXAMPLES / "cpp", "-B", folder / "build", *options, warnings], folder)
    run(["cmake", "--build", folder / "build"], folder)
    return partial(run_files, [folder / "build" / "poses", model], ".ppm", folder)


class Handler(SimpleHTTPRequestHandler):
    """Files, and a place to send results to."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

    def do_POST(self):
        self.server.result = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.server.has_result.set()

    def log_message(self, *_):
        pass


def web_example(folder, model):
    need("chromium")
    shutil.copy(model, copied("web", folder) / "model.onnx")
    (folder / "harness.html").write_text(HARNESS)

    def example(image):
        write_picture(folder / "picture.png", image)
        shown = show("harness.html", folder)
        assert re.fullmatch(r"\d+ people, \d+ ms", shown["said"]), shown["said"]
        return shown["people"], read_picture(base64.b64decode(shown["drawing"].split(",")[1]))

    return example


def show(page, folder):
    """What a page of the folder sends back from a browser."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        server.has_result = threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        browser = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             f"--user-data-dir={folder / 'browser'}",
             f"http://127.0.0.1:{server.server_port}/{page}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert server.has_result.wait(120), "the page sent nothing"
            return server.result
        finally:
            browser.terminate()
            browser.wait(30)
            server.shutdown()
            thread.join()


def cpp_example_with_library(folder, model):
    library = onnxruntime_operators()
    if library is None:
        pytest.skip("libposetrack_ort.so is not built: set ORT_ROOT, see docs/kernels.md")
    return partial(cpp_example(folder, model), more=[library])


RUNNERS = {
    "node": node_example,
    "web": web_example,
    "cpp": cpp_example,
    "cpp-library": cpp_example_with_library,
}


@pytest.fixture(scope="module", params=RUNNERS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def example(name, model, tmp_path_factory):
    return RUNNERS[name](tmp_path_factory.mktemp(name), model)


# ---- what they find and draw


def distances(said, poses):
    """(P, K) pixels between the keypoints that an example prints and those of the engine."""
    people = [json.loads(line) for line in said.splitlines()]
    poses = poses[poses.scores > MIN_SCORE]
    assert len(people) == len(poses) == 2
    keypoints = np.array([person["keypoints"] for person in people])
    return np.linalg.norm(keypoints[..., :2] - poses.keypoints, axis=-1)


@pytest.mark.slow
def test_same_input_gives_the_keypoints_of_the_engine(example, engine, photo):
    sizing = engine.spec.sizing
    sized = size_image(photo, sizing.transform(photo.shape[:2]), sizing)
    said, _ = example(sized)
    assert distances(said, engine(sized)).max() <= INPUT_ATOL


@pytest.mark.slow
def test_photo_is_sized_and_keypoints_lie_in_it(example, name, engine, photo):
    said, _ = example(photo)
    scale = engine.spec.sizing.transform(photo.shape[:2]).scale
    medians = np.median(distances(said, engine(photo)), axis=1)
    assert medians.max() * scale <= PHOTO_ATOL[name]


@pytest.mark.slow
def test_bones_are_drawn_on_the_photo(example, engine, photo):
    said, drawing = example(photo)
    assert drawing.shape == photo.shape
    changed = np.abs(drawing.astype(int) - photo).max(axis=2) > 8
    assert 0.002 < changed.mean() < 0.05
    for person in map(json.loads, said.splitlines()):
        keypoints = np.array(person["keypoints"])
        for a, b in engine.spec.skeleton.edges:
            if keypoints[[a, b], 2].min() > MIN_SCORE:
                x, y = np.rint(keypoints[[a, b], :2].mean(axis=0)).astype(int)
                red, green, blue = drawing[y, x].astype(int)
                assert red > 180
                assert red - green > 90
                assert red - blue > 120


# ---- what they are


def test_javascript_knows_the_sizes_and_edges_of_the_model(engine):
    text = (EXAMPLES / "people.mjs").read_text(encoding="utf-8")
    sizing, skeleton = engine.spec.sizing, engine.spec.skeleton
    sizes = re.search(r"\[SIZE, MULTIPLE, MAX_ASPECT\] = (\[.*?\]);", text)[1]
    assert json.loads(sizes) == [sizing.size, sizing.multiple_of, sizing.max_aspect]
    edges = re.search(r"EDGES = (\[.*?\]),\s*\];", text, re.DOTALL)[1]
    assert [tuple(edge) for edge in json.loads(edges + "]")] == list(skeleton.edges)


# sizes that fill whole pixels of the input: there the two agree to the last bits
@pytest.mark.parametrize("size", [(270, 480), (480, 270), (256, 256), (1080, 1920), (125, 1000)])
def test_javascript_sizes_and_places_as_the_engine(engine, size, tmp_path):
    need("node")
    height, width = size
    transform = engine.spec.sizing.transform(size)
    points = np.random.default_rng(0).uniform(0, 256, (2, 17, 2)).astype(np.float32)
    program = f"""
import {{ fit, readPeople }} from "{(EXAMPLES / "people.mjs").as_uri()}";
const picture = {{ width: {width}, height: {height} }};
const {{ w, h, filled }} = fit(picture);
const keypoints = {{ dims: [1, 2, 17, 2], data: {points.ravel().tolist()} }};
const keypoint_scores = {{ data: Array.from({{ length: 34 }}, (_, i) => i) }};
const [scores, count] = [{{ data: [0.9, 0.1] }}, {{ data: [2] }}];
const results = {{ keypoints, keypoint_scores, scores, count }};
console.log(JSON.stringify({{ input: [h, w], people: readPeople(results, picture, filled) }}));
"""
    found = json.loads(run(["node", "--input-type=module", "--eval", program], tmp_path))
    assert tuple(found["input"]) == transform.input_size
    (person,) = found["people"]  # the other's score is too low
    keypoints = np.array(person["keypoints"])
    np.testing.assert_array_equal(keypoints[:, 2], range(17))
    np.testing.assert_allclose(keypoints[:, :2], transform.to_image(points[0]), atol=1e-3)


@pytest.mark.slow
def test_javascript_is_formatted(tmp_path):
    files = [path for suffix in ("mjs", "html") for path in EXAMPLES.glob(f"**/*.{suffix}")]
    files = [path for path in files if "node_modules" not in path.parts]
    assert len(files) == 4
    npm(["npx", "--yes", PRETTIER, "--check", *files], tmp_path)
