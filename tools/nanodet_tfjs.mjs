// The published graph of NanoDet-g by TensorFlow.js: images in, its six outputs out, as files.
//   node nanodet_tfjs.mjs GRAPH.json IMAGES.f32 PREFIX
// IMAGES.f32 holds [n, 3, 416, 416] float32; PREFIX_i_k.f32 gets output k of image i.
import fs from 'fs';
import {createRequire} from 'module';
import path from 'path';

const require = createRequire(path.resolve('package.json')); // packages of the working folder
const tf = require('@tensorflow/tfjs-core');
const {loadGraphModel} = require('@tensorflow/tfjs-converter');
const wasm = require('@tensorflow/tfjs-backend-wasm');

const [graphFile, images, prefix] = process.argv.slice(2);
const folder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
wasm.setWasmPaths(path.join(folder, 'dist/'));
await tf.setBackend('wasm');
const graph = JSON.parse(fs.readFileSync(graphFile));
const {paths, weights} = graph.weightsManifest[0];
const content = fs.readFileSync(path.join(path.dirname(graphFile), paths[0]));
const weightData = new Uint8Array(content).buffer;
const model = await loadGraphModel({
  load: async () => ({...graph, weightSpecs: weights, weightData}),
});
const names = ['', '_1', '_2', '_3', '_4', '_5'].map((suffix) => `Identity${suffix}:0`);
const floats = new Float32Array(new Uint8Array(fs.readFileSync(images)).buffer);
const size = 3 * 416 * 416;
for (let i = 0; i < floats.length / size; i++) {
  const image = tf.tensor(floats.slice(i * size, (i + 1) * size), [1, 3, 416, 416]);
  const outputs = await model.executeAsync({input_1: image}, names);
  for (const [k, output] of outputs.entries()) {
    fs.writeFileSync(`${prefix}_${i}_${k}.f32`, Buffer.from((await output.data()).buffer));
  }
}
