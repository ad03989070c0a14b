/**
 * Kefu's voice: feeds the playback worklet and tells what has really left the speaker. Over WebRTC the browser plays a
 * stream (`attach`), and the clock of `remote-playout.js` tells how far it is.
 *
 * Events (all with turnId): `started` {atMs: performance clock of the first audible sample}, `position` {ms, level},
 * `played` {play, ms} (for the server: every 250 ms and at the end), `finished` {ms}, `cleared` {ms, atMs}, `dropped`.
 */
import { event } from "./events.js";
import { RemotePlayout } from "./remote-playout.js";
import { fromPcm16, Resampler } from "./resampler.js";

const WANTED_RATE_HZ = 24000;
const PLAYED_EVERY_MS = 250;

export class Player extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Promise<AudioWorkletNode> | null} */
  #node = null;
  /** @type {AudioWorkletNode | null} */
  #worklet = null;
  /** Turns that may still be heard. @type {Map<number, Resampler | null>} */
  #turns = new Map();
  #lastPlayedAt = 0;
  /** @type {RemotePlayout | null} */
  #remote = null;

  /** Times that a turn ran dry, and frames that came too late, since the page was opened. */
  stats = { underruns: 0, dropped: 0 };

  /** Kefu's voice as the line delivers it; null when the line is gone. @param {MediaStream | null} stream */
  attach(stream) {
    this.#remote?.close();
    this.#remote = null;
    if (!stream) return;
    const remote = (this.#remote = new RemotePlayout());
    for (const name of ["started", "position", "finished", "cleared"]) {
      remote.addEventListener(name, (/** @type {CustomEvent} */ { detail }) => this.dispatchEvent(event(name, detail)));
    }
    remote.attach(stream, this.#context);
  }

  /** Call in a user gesture: browsers keep an AudioContext silent until one. */
  async prepare() {
    this.#context ??= new AudioContext({ sampleRate: WANTED_RATE_HZ, latencyHint: "interactive" });
    this.#node ??= this.#connect(this.#context);
    await this.#context.resume();
    await this.#remote?.prepare();
    this.#worklet = await this.#node;
  }

  /** The rate to ask the server for, in Hz. */
  get rateHz() {
    return Math.min(48000, this.#context?.sampleRate ?? WANTED_RATE_HZ);
  }

  /** True while a turn is to be heard. */
  get isPlaying() {
    return this.#remote ? this.#remote.isPlaying : this.#turns.size > 0;
  }

  /** True while this turn is to be heard. @param {number} turnId */
  plays(turnId) {
    return this.#remote ? this.#remote.plays(turnId) : this.#turns.has(turnId);
  }

  /** @param {number} turnId @param {number} rateHz of the audio that follows @param {number} play which reports name */
  begin(turnId, rateHz, play) {
    if (this.#remote) {
      this.#remote.begin(turnId);
      return;
    }
    if (!this.#worklet || !this.#context || this.#turns.has(turnId)) return;
    const contextHz = this.#context.sampleRate;
    this.#turns.set(turnId, rateHz === contextHz ? null : new Resampler(rateHz, contextHz));
    this.#worklet.port.postMessage({ type: "begin", turnId, play });
  }

  /** @param {number} turnId @param {Int16Array} pcm */
  enqueue(turnId, pcm) {
    const resampler = this.#turns.get(turnId);
    if (resampler === undefined) {
      this.#drop(turnId);
      return;
    }
    const samples = fromPcm16(pcm);
    this.#post("audio", turnId, resampler ? resampler.process(samples) : samples);
  }

  /** No more audio for this turn. @param {number} turnId @param {number} lengthMs of the play */
  end(turnId, lengthMs) {
    if (this.#remote) this.#remote.end(turnId, lengthMs);
    else this.#post("end", turnId);
  }

  /** Silence this turn (or all) within one render quantum; what still arrives for it is stale. @param {number} [turnId] */
  clear(turnId) {
    this.#remote?.clear(turnId);
    for (const id of turnId === undefined ? [...this.#turns.keys()] : [turnId]) {
      if (!this.#turns.delete(id)) continue;
      this.#post("clear", id);
    }
  }

  /** @param {AudioContext} context */
  async #connect(context) {
    await context.audioWorklet.addModule(new URL("./playback-worklet.js", import.meta.url));
    const node = new AudioWorkletNode(context, "kefu-playback", { numberOfInputs: 0, outputChannelCount: [1] });
    node.port.onmessage = ({ data }) => this.#hear(data);
    node.connect(context.destination);
    return node;
  }

  /** @param {string} type @param {number} turnId @param {Float32Array} [samples] */
  #post(type, turnId, samples) {
    this.#worklet?.port.postMessage({ type, turnId, samples }, samples ? [samples.buffer] : []);
  }

  /** @param {number} turnId */
  #drop(turnId) {
    this.stats.dropped += 1;
    this.dispatchEvent(event("dropped", { turnId }));
  }

  /** @param {{type: string, turnId: number, play: number, samples: number, underruns: number, level: number, atS: number}} report */
  #hear({ type, turnId, play, samples, underruns, level, atS }) {
    const context = /** @type {AudioContext} */ (this.#context);
    if (type === "dropped") {
      this.#drop(turnId);
      return;
    }
    const ms = Math.round((samples * 1000) / context.sampleRate);
    const atMs = performance.now() + (atS - context.currentTime + (context.outputLatency || 0)) * 1000;
    const over = type === "finished" || type === "cleared";
    // A cleared turn is gone already, and may have begun again meanwhile: the server goes on after a false barge-in.
    if (type === "finished") this.#turns.delete(turnId);
    if (over) this.stats.underruns += underruns;
    this.dispatchEvent(event(type, { turnId, ms, level, atMs }));
    const now = performance.now();
    if (over || now - this.#lastPlayedAt >= PLAYED_EVERY_MS) {
      this.#lastPlayedAt = now;
      this.dispatchEvent(event("played", { turnId, play, ms }));
    }
  }
}
