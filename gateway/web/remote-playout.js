/**
 * Kefu's voice where the browser itself plays it (WebRTC): the server paces the audio and knows what was played; here the
 * clock that captions and the page's phase follow. The same events as the player's own, without `played`.
 */
import { event } from "./events.js";

const TRANSPORT_MS = 120; // network and the browser's jitter buffer
const TICK_MS = 50;

export class RemotePlayout extends EventTarget {
  /** Plays by turn, the first sounds. @type {Map<number, {sinceMs: number, lengthMs: number | null, started: boolean}>} */
  #turns = new Map();
  #timer = 0;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  /** @type {HTMLAudioElement} */
  #element = new Audio();

  /** @param {MediaStream} stream @param {AudioContext | null} context */
  attach(stream, context) {
    this.#element.srcObject = stream;
    this.#element.play().catch(() => {}); // until a gesture: prepare() tries again
    if (!context) return;
    this.#analyser = new AnalyserNode(context, { fftSize: 512 });
    context.createMediaStreamSource(stream).connect(this.#analyser);
  }

  /** In a user gesture. */
  async prepare() {
    if (this.#element.srcObject) await this.#element.play();
  }

  get isPlaying() {
    return this.#turns.size > 0;
  }

  /** @param {number} turnId */
  plays(turnId) {
    return this.#turns.has(turnId);
  }

  /** @param {number} turnId */
  begin(turnId) {
    const last = [...this.#turns.values()].at(-1);
    const free = last?.lengthMs == null ? 0 : last.sinceMs + last.lengthMs;
    const sinceMs = Math.max(performance.now() + TRANSPORT_MS, free);
    this.#turns.set(turnId, { sinceMs, lengthMs: null, started: false });
    this.#timer ||= setInterval(() => this.#tick(), TICK_MS);
  }

  /** @param {number} turnId @param {number} lengthMs */
  end(turnId, lengthMs) {
    const play = this.#turns.get(turnId);
    if (play) play.lengthMs = lengthMs;
  }

  /** @param {number} [turnId] */
  clear(turnId) {
    for (const id of turnId === undefined ? [...this.#turns.keys()] : [turnId]) {
      const play = this.#turns.get(id);
      if (!play) continue;
      this.#turns.delete(id);
      const now = performance.now();
      this.dispatchEvent(event("cleared", { turnId: id, ms: Math.max(0, now - play.sinceMs), level: 0, atMs: now }));
    }
    this.#rest();
  }

  close() {
    this.clear();
    this.#element.srcObject = null;
    this.#analyser?.disconnect();
    this.#analyser = null;
  }

  #tick() {
    const now = performance.now();
    for (const [turnId, play] of [...this.#turns]) {
      const ms = now - play.sinceMs;
      if (ms < 0) break;
      const detail = { turnId, ms: Math.round(Math.min(ms, play.lengthMs ?? ms)), level: this.#level(), atMs: now };
      if (!play.started) {
        play.started = true;
        this.dispatchEvent(event("started", { ...detail, atMs: play.sinceMs }));
      }
      if (play.lengthMs !== null && ms >= play.lengthMs) {
        this.#turns.delete(turnId);
        this.dispatchEvent(event("finished", detail));
      } else {
        this.dispatchEvent(event("position", detail));
      }
    }
    this.#rest();
  }

  #rest() {
    if (this.#turns.size) return;
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #level() {
    if (!this.#analyser) return 0;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);
  }
}
