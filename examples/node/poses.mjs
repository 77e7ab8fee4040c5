// node poses.mjs MODEL.onnx PICTURE OUTPUT: draws the people, and prints one line of JSON for each.
import ort from "onnxruntime-node";
import sharp from "sharp";
import { bones, fit, readPeople } from "../people.mjs";

/** A drawing of the people, to be laid on their picture. */
function svg(people, { width, height }) {
  const lines = bones(people).map(
    ([[x1, y1], [x2, y2]]) => `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`,
  );
  const style = `stroke="orangered" stroke-width="${height / 120}" stroke-linecap="round"`;
  // SVG counts from the corner of a pixel, the model from its centre
  const group = `<g ${style} transform="translate(0.5 0.5)">${lines.join("")}</g>`;
  return Buffer.from(`<svg width="${width}" height="${height}">${group}</svg>`);
}

const [model, input, output] = process.argv.slice(2);
const upright = sharp(input).autoOrient().toColourspace("srgb").removeAlpha().raw();
const { data, info } = await upright.toBuffer({ resolveWithObject: true });
const { w, h, filled } = fit(info);
const pixels = await sharp(data, { raw: info })
  .resize(...filled, { fit: "fill", kernel: "linear" })
  .extend({ right: w - filled[0], bottom: h - filled[1], background: "black" })
  .raw()
  .toBuffer();
const session = await ort.InferenceSession.create(model);
const results = await session.run({ image: new ort.Tensor("uint8", pixels, [1, h, w, 3]) });
const people = readPeople(results, info, filled);
for (const person of people) console.log(JSON.stringify(person));
await sharp(data, { raw: info })
  .composite([{ input: svg(people, info) }])
  .toFile(output);
