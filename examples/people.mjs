// What the examples in Node.js and in the browser share: the size of the model's input, and its
// outputs as people.

// Of the model: `sizing` and `skeleton.edges` of its description, see README.md.
const [SIZE, MULTIPLE, MAX_ASPECT] = [256, 32, 4];
// prettier-ignore
const EDGES = [
  [5, 7], [7, 9], [6, 8], [8, 10], [11, 13], [13, 15], [12, 14], [14, 16],
  [5, 6], [11, 12], [5, 11], [6, 12], [0, 1], [0, 2], [1, 3], [2, 4],
];
const MIN_SCORE = 0.2; // of people and of keypoints

/** The model's input for a picture, and the part of it that the picture fills, in pixels. */
export function fit({ width, height }) {
  const aspect = Math.min(Math.max(width, height) / Math.min(width, height), MAX_ASPECT);
  const long = Math.max(SIZE, Math.round((SIZE * aspect) / MULTIPLE) * MULTIPLE);
  const [w, h] = height > width ? [SIZE, long] : [long, SIZE];
  const scale = Math.min(w / width, h / height);
  return { w, h, filled: [Math.round(width * scale), Math.round(height * scale)] };
}

/** Outputs of the model -> people, the best first; keypoints are x, y in the picture, score. */
export function readPeople({ scores, keypoints, keypoint_scores, count }, picture, filled) {
  const k = keypoints.dims[2];
  const zoom = [filled[0] / picture.width, filled[1] / picture.height];
  const place = (at, axis) => (keypoints.data[2 * at + axis] + 0.5) / zoom[axis] - 0.5;
  return Array.from({ length: count.data[0] }, (_, i) => ({
    score: scores.data[i],
    keypoints: Array.from({ length: k }, (_, j) => i * k + j).map((at) => [
      place(at, 0),
      place(at, 1),
      keypoint_scores.data[at],
    ]),
  })).filter(({ score }) => score > MIN_SCORE);
}

/** The lines to draw, as pairs of keypoints. */
export const bones = (people) =>
  people
    .flatMap(({ keypoints }) => EDGES.map((edge) => edge.map((j) => keypoints[j])))
    .filter((ends) => ends.every(([, , score]) => score > MIN_SCORE));
