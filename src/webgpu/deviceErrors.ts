/** What goes wrong on the device: its verdict on work, which comes later than the call, and its loss. */

/** The result of work, and its error once the device has judged it. */
export interface Guarded<Result> {
  readonly result: Result;
  readonly failure: Promise<Error | undefined>;
}

/** Runs `work` and catches what the device has against it; `what` names it in the error. */
export function guarded<Result>(
  device: GPUDevice,
  filters: readonly GPUErrorFilter[],
  what: string,
  work: () => Result,
): Guarded<Result> {
  for (const filter of filters) device.pushErrorScope(filter);
  const result = work();
  const failure = Promise.all(filters.map(() => device.popErrorScope())).then(
    (errors) => {
      const error = errors.find((found) => found !== null);
      return error ? new Error(`webgpuBackend: ${what} failed: ${error.message}`) : undefined;
    },
    (reason: unknown) => new Error(`webgpuBackend: ${what} failed: ${String(reason)}`),
  );
  return { result, failure };
}

/** Whether a device is still there. */
export interface DeviceWatch {
  /** Rejects when the device is lost. */
  readonly lost: Promise<never>;
  isLost(): boolean;
  /** Throws when the device is lost. */
  assertAlive(): void;
}

/** Watches for the loss of a device. */
export function watchLoss(device: GPUDevice): DeviceWatch {
  let message: string | undefined;
  const lost = device.lost.then(({ reason, message: told }) => {
    message = `webgpuBackend: device must be alive, got a lost one (${reason}: ${told || 'no message'}). Request a new device and make a new backend.`;
    throw new Error(message);
  });
  lost.catch(() => undefined);
  return {
    lost,
    isLost: () => message !== undefined,
    assertAlive() {
      if (message !== undefined) throw new Error(message);
    },
  };
}
