import type { CarnetClient } from "./client.js";
import { Deadline } from "./deadline.js";
import { CarnetError, type ErrorCode } from "./errors.js";
import type { Job, Options, Reply, Snapshot, SyncResult } from "./types.js";

export interface WaitOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds to wait for the job; for as long as it takes if not given. */
  timeout?: number | undefined;
  /** Told how far the job is, each time that it is asked for. */
  onProgress?: ((job: Job) => void) | undefined;
}

export interface SyncOptions extends Options<"syncTrip"> {
  /** Told how far the job is by which a server does a large sync; the call waits for its end. */
  onProgress?: ((job: Job) => void) | undefined;
}

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5_000;

/** Waits until a job has succeeded; rejects with the error of one that has failed. */
export async function waitForJob(
  client: CarnetClient,
  jobId: string,
  { signal, timeout = Infinity, onProgress }: WaitOptions,
): Promise<Job> {
  const deadline = new Deadline(timeout, signal);
  try {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE)) {
      const job = await client.getJob(jobId, { signal: deadline.signal });
      onProgress?.(job);
      if (job.status === "succeeded") {
        return job;
      }
      if (job.status === "failed") {
        throw failureOf(job);
      }
      await deadline.sleep(pause);
    }
  } finally {
    deadline.end();
  }
}

function failureOf({ _id, error }: Job): CarnetError {
  const code = (error?.code ?? "INTERNAL") as ErrorCode;
  return new CarnetError(code, error?.message ?? `Job ${_id} failed`, { details: error?.details });
}

/** A sync, up to the end of the job where the server answers with one. */
export async function syncToTheEnd(
  client: CarnetClient,
  tripId: string,
  snapshot: Snapshot,
  { onProgress, ...options }: SyncOptions,
): Promise<Reply<SyncResult>> {
  const deadline = new Deadline(options.timeout ?? Infinity, options.signal);
  const { signal } = deadline;
  try {
    const { data, response } = await client
      .syncTrip(tripId, snapshot, { ...options, signal })
      .withResponse();
    if (response.status !== 202) {
      return { data: data as SyncResult, response };
    }
    const job = await waitForJob(client, (data as Job)._id, { signal, onProgress });
    return { data: job.result as SyncResult, response };
  } finally {
    deadline.end();
  }
}
