/**
 * Maps the server's microphone clock (ms since the first sample it got) to the performance clock of this page.
 * Samples are contiguous except where the microphone was closed, so one anchor per opening is enough.
 */
export class MicClock {
  /** @param {number} rateHz */
  constructor(rateHz) {
    this.rateHz = rateHz;
    this.reset();
  }

  /** A new session: its clock starts at zero. */
  reset() {
    this.sentSamples = 0;
    /** @type {{micMs: number, wallMs: number}[]} */
    this.anchors = [];
    this.broken = true;
  }

  /** The next frame does not follow the last one. */
  break() {
    this.broken = true;
  }

  /** A frame went out. @param {number} samples @param {number} capturedAtMs performance clock at its end */
  sent(samples, capturedAtMs) {
    if (this.broken) {
      const wallMs = capturedAtMs - (samples * 1000) / this.rateHz;
      this.anchors.push({ micMs: (this.sentSamples * 1000) / this.rateHz, wallMs });
      this.broken = false;
    }
    this.sentSamples += samples;
  }

  /** @param {number} micMs @returns {number | null} performance clock */
  wallOf(micMs) {
    const anchor = this.anchors.findLast((candidate) => candidate.micMs <= micMs);
    return anchor ? anchor.wallMs + micMs - anchor.micMs : null;
  }
}
