/** A signal that aborts with a `TimeoutError` after a time, or with its parent; disposing it releases the timer. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * @param ms time until the signal aborts, in milliseconds
 * @param message text of the `TimeoutError`
 */
export function deadline(ms: number, parent?: AbortSignal, message: string = `timed out after ${ms} ms`): Deadline {
  const controller = new AbortController();
  const abortWithParent = (): void => controller.abort(parent?.reason);
  const timer = setTimeout(() => controller.abort(new DOMException(message, 'TimeoutError')), ms);
  if (parent?.aborted === true) abortWithParent();
  else parent?.addEventListener('abort', abortWithParent, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', abortWithParent);
    },
  };
}

/** Waits; rejects with the signal's reason when it aborts first. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
