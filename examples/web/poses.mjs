// Draws the people of a picture, which stays in the browser; the model lies beside as model.onnx.
import { bones, fit, readPeople } from "../people.mjs";
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";

/** A bitmap -> (1, h, w, 3) uint8 RGB, the picture at the top left on black. */
function toTensor(bitmap, { w, h, filled }) {
  const context = new OffscreenCanvas(w, h).getContext("2d", { alpha: false });
  context.drawImage(bitmap, 0, 0, ...filled);
  const rgba = context.getImageData(0, 0, w, h).data;
  return new ort.Tensor("uint8", Uint8Array.from(rgba.filter((_, i) => i % 4 < 3)), [1, h, w, 3]);
}

function draw(canvas, bitmap, people) {
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  context.strokeStyle = "orangered";
  context.lineWidth = bitmap.height / 120;
  context.lineCap = "round";
  context.translate(0.5, 0.5); // a canvas counts from the corner of a pixel, the model from its centre
  for (const [from, to] of bones(people)) {
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.lineTo(to[0], to[1]);
    context.stroke();
  }
}

const [input, output, canvas, list] = ["input", "output", "canvas", "pre"].map((name) =>
  document.querySelector(name),
);
const say = (text) => (output.textContent = text);
const session = ort.InferenceSession.create("model.onnx");
session.then(() => say("Choose a picture."), say);
input.addEventListener("change", async () => {
  try {
    const bitmap = await createImageBitmap(input.files[0]);
    const size = fit(bitmap);
    const image = toTensor(bitmap, size);
    const start = performance.now();
    const results = await (await session).run({ image });
    const ms = Math.round(performance.now() - start);
    const people = readPeople(results, bitmap, size.filled);
    draw(canvas, bitmap, people);
    list.textContent = people.map((person) => JSON.stringify(person)).join("\n");
    say(`${people.length} people, ${ms} ms`);
  } catch (error) {
    say(error);
  }
});
