/** The device to measure: a real GPU where there is one, else Chromium's software driver, and it says which. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { requestWebgpuDevice } from 'dark-knowledge/webgpu';
import { create, globals } from 'webgpu';

const softwareDrivers = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
];

/** A device, and whether it is a processor that plays GPU. */
export interface BenchDevice {
  readonly gpu: GPU;
  readonly device: GPUDevice;
  readonly description: string;
  readonly software: boolean;
}

/** Opens it. */
export async function openBenchDevice(): Promise<BenchDevice> {
  Object.assign(globalThis, globals);
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  let gpu = create([]);
  if ((await gpu.requestAdapter()) === null) {
    const driver = softwareDrivers.find((path) => existsSync(path));
    if (driver === undefined) throw new Error('bench:gpu needs a GPU with a Vulkan driver, or Debian’s chromium.');
    process.env.VK_DRIVER_FILES = driver;
    gpu = create([]);
  }
  const device = await requestWebgpuDevice(gpu);
  const { vendor, architecture, description } = device.adapterInfo;
  const name = [vendor, architecture, description].filter(Boolean).join(' ');
  return { gpu, device, description: name, software: /swiftshader|llvmpipe|lavapipe/i.test(name) };
}
