/**
 * The customer's microphone: permission, device, and 32 ms frames of s16 mono PCM at 16 kHz.
 *
 * Events: `frame` {pcm: ArrayBuffer, samples, level, capturedAtMs (performance clock, end of the frame)}, `lost`.
 */
import { event } from "./events.js";

export const RATE_HZ = 16000;
const FRAME_SAMPLES = 512; // 32 ms
const RELEASE_AFTER_MS = 30000; // push-to-talk keeps the device warm between two questions

/** `code`: insecure | denied | missing | in_use | failed */
export class MicrophoneError extends Error {
  /** @param {string} code @param {unknown} [cause] */
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

const CODES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "in_use",
  AbortError: "in_use",
};

/** @returns {Promise<MediaStream>} */
async function requestStream() {
  if (!window.isSecureContext || !navigator.mediaDevices) throw new MicrophoneError("insecure");
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new MicrophoneError(CODES[/** @type {DOMException} */ (error).name] ?? "failed", error);
  }
}

export class Microphone extends EventTarget {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Promise<void> | null} */
  #acquiring = null;
  #releaseTimer = 0;

  /** True while frames are delivered. */
  isOpen = false;

  /** The device's own track, for WebRTC; null while the microphone is closed. @returns {MediaStreamTrack | null} */
  get track() {
    return (this.isOpen && this.#stream?.getAudioTracks()[0]) || null;
  }

  /** Start delivering frames. @throws {MicrophoneError} */
  async open() {
    clearTimeout(this.#releaseTimer);
    this.#acquiring ??= this.#acquire().catch((error) => {
      this.#release();
      throw error;
    });
    await this.#acquiring;
    await this.#context?.resume();
    this.isOpen = true;
  }

  /** Stop delivering frames; `release` gives the device back at once, else after a while. @param {boolean} release */
  close(release) {
    this.isOpen = false;
    clearTimeout(this.#releaseTimer);
    if (release) this.#release();
    else this.#releaseTimer = setTimeout(() => this.#release(), RELEASE_AFTER_MS);
  }

  async #acquire() {
    this.#stream = await requestStream();
    this.#context = new AudioContext({ latencyHint: "interactive" });
    await this.#context.audioWorklet.addModule(new URL("./capture-worklet.js", import.meta.url));
    const capture = new AudioWorkletNode(this.#context, "kefu-capture", {
      numberOfOutputs: 0,
      processorOptions: { rateHz: RATE_HZ, frameSamples: FRAME_SAMPLES },
    });
    capture.port.onmessage = ({ data }) => this.#deliver(data);
    this.#context.createMediaStreamSource(this.#stream).connect(capture);
    this.#stream.getAudioTracks()[0].addEventListener("ended", () => {
      this.#release();
      this.dispatchEvent(event("lost"));
    });
  }

  /** @param {{pcm: ArrayBuffer, level: number, atS: number}} frame */
  #deliver({ pcm, level, atS }) {
    if (!this.isOpen || !this.#context) return;
    const capturedAtMs = performance.now() - (this.#context.currentTime - atS) * 1000;
    this.dispatchEvent(event("frame", { pcm, samples: FRAME_SAMPLES, level, capturedAtMs }));
  }

  #release() {
    this.isOpen = false;
    this.#acquiring = null;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#context?.close();
    this.#stream = null;
    this.#context = null;
  }
}
