/** Runs in the browser: the same inputs on WebGPU and on the host, for the test to compare. */
import {
  calibrationError,
  cka,
  klDivergence,
  measure,
  measureOn,
  valueAndGradients,
  valueAndGradientsOn,
} from 'dark-knowledge';
import { requestWebgpuDevice, webgpuBackend } from 'dark-knowledge/webgpu';

const wave = (rows: number, columns: number, seed: number) => ({
  data: Float32Array.from(
    { length: rows * columns },
    (_, at) => 2 * Math.sin(seed + at * 12.9898) * Math.cos(at * 0.37),
  ),
  shape: [rows, columns],
});

async function compare() {
  const device = await requestWebgpuDevice();
  const backend = webgpuBackend(device);
  const logits = { studentLogits: wave(20, 50, 1), teacherLogits: wave(20, 50, 2) };
  const batch = {
    logits: wave(300, 10, 3),
    labels: Float32Array.from({ length: 300 }, (_, row) => (row * 7) % 10),
  };
  const features = { x: wave(40, 30, 4), y: wave(40, 20, 5) };
  const kl = klDivergence({ temperature: 4 });
  const onDevice = valueAndGradientsOn(backend, kl, logits);
  const result = {
    webgpu: {
      kl: (await backend.read(onDevice.value)).data[0]!,
      gradient: Array.from((await backend.read(onDevice.gradients.studentLogits)).data),
      ece: (await measureOn(backend, calibrationError(), batch)).value,
      cka: (await measureOn(backend, cka(), features)).value,
    },
    host: {
      kl: valueAndGradients(kl, logits).value,
      gradient: Array.from(valueAndGradients(kl, logits).gradients.studentLogits.data),
      ece: measure(calibrationError(), batch).value,
      cka: measure(cka(), features).value,
    },
    adapter: device.adapterInfo?.description ?? '',
  };
  device.destroy();
  return result;
}

Object.assign(globalThis, { compare });
