/** A WebGPU device in Node: on the driver that VK_DRIVER_FILES names, else Chromium's SwiftShader, else what there is. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { requestWebgpuDevice, type WebgpuBackend, webgpuBackend } from 'dark-knowledge/webgpu';

/** Where Linux distributions put the software Vulkan driver that comes with Chromium. */
const softwareDrivers = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

/** The GPU object is held here: when it is collected, so are its devices. */
let held: GPU | undefined;

/** The `gpu` object of the npm package `webgpu`, or why there is none. */
export async function openGpu(): Promise<GPU | { readonly missing: string }> {
  if (held) return held;
  // The Vulkan loader reads these at the first instance that is made.
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named === undefined) {
    const found = softwareDrivers.find((path) => existsSync(path));
    if (found !== undefined) process.env.VK_DRIVER_FILES = found;
  }
  // The loader looks for a display's directory, needs none, and complains where the variable is missing.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    held = create([]);
    return held;
  } catch (error) {
    return { missing: `the npm package webgpu does not load: ${String(error)}` };
  }
}

/** A device of its own, or why there is none. */
export async function openDevice(): Promise<GPUDevice | { readonly missing: string }> {
  const gpu = await openGpu();
  if ('missing' in gpu) return gpu;
  try {
    return await requestWebgpuDevice(gpu);
  } catch (error) {
    return { missing: `no Vulkan driver (Debian: chromium and libvulkan1): ${String(error)}` };
  }
}

/** The same device as one with other limits would look. */
export function limited(target: GPUDevice, limits: Partial<Record<keyof GPUSupportedLimits, number>>): GPUDevice {
  const names = Object.keys(Object.getPrototypeOf(target.limits) as object) as (keyof GPUSupportedLimits)[];
  const all = Object.fromEntries(names.map((name) => [name, target.limits[name]]));
  return new Proxy(target, {
    get(_, name) {
      if (name === 'limits') return { ...all, ...limits };
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

let shared: Promise<WebgpuBackend | { readonly missing: string }> | undefined;

/** One backend for all suites of a test file. */
export function openWebgpu(): Promise<WebgpuBackend | { readonly missing: string }> {
  shared ??= openDevice().then((device) => ('missing' in device ? device : webgpuBackend(device)));
  return shared;
}
