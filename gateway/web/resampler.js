/**
 * Streaming rational resampler: windowed-sinc polyphase FIR (Kaiser, about 70 dB stop band).
 * Pure arithmetic, no Web Audio: used inside the capture worklet and, where a browser ignores the wanted output rate,
 * in front of the playback worklet.
 */

const KAISER_BETA = 6.76; // 70 dB
const ZERO_CROSSINGS = 24; // each side of the kernel's centre, at the lower of the two rates
const CUTOFF = 0.93; // of the lower Nyquist frequency

/** @param {number} x */
function besselI0(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-10 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} a @param {number} b @returns {number} */
function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}

export class Resampler {
  /** @param {number} fromHz @param {number} toHz */
  constructor(fromHz, toHz) {
    const divisor = gcd(Math.round(fromHz), Math.round(toHz));
    /** Phases per input sample (up) and phases per output sample (down). */
    this.up = Math.round(toHz) / divisor;
    this.down = Math.round(fromHz) / divisor;
    const bandwidth = Math.min(1, toHz / fromHz) * CUTOFF;
    this.half = Math.ceil(ZERO_CROSSINGS / Math.min(1, toHz / fromHz));
    this.kernels = Array.from({ length: this.up }, (_, phase) => this.#kernel(phase / this.up, bandwidth));
    /** Input not yet fully used; starts with `half` zeros so that the first output is centred on the first input. */
    this.pending = new Float32Array(this.half);
    this.position = 0; // in units of 1/up input samples, relative to pending[0]
  }

  /**
   * Coefficients that give the value `fraction` of a sample after tap `half - 1`.
   * @param {number} fraction @param {number} bandwidth
   */
  #kernel(fraction, bandwidth) {
    const taps = new Float32Array(2 * this.half);
    let sum = 0;
    for (let i = 0; i < taps.length; i++) {
      const t = i - (this.half - 1) - fraction;
      const edge = t / this.half;
      const window = Math.abs(edge) >= 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - edge * edge));
      const sinc = t === 0 ? bandwidth : Math.sin(Math.PI * bandwidth * t) / (Math.PI * t);
      taps[i] = sinc * window;
      sum += taps[i];
    }
    return taps.map((tap) => tap / sum); // unity gain at DC in every phase
  }

  /** @param {Float32Array} input @returns {Float32Array} what can be computed so far */
  process(input) {
    if (this.up === this.down) return input.slice();
    const data = new Float32Array(this.pending.length + input.length);
    data.set(this.pending);
    data.set(input, this.pending.length);
    const output = [];
    let start = Math.floor(this.position / this.up);
    while (start + 2 * this.half <= data.length) {
      const taps = this.kernels[this.position % this.up];
      let sum = 0;
      for (let i = 0; i < taps.length; i++) sum += taps[i] * data[start + i];
      output.push(sum);
      this.position += this.down;
      start = Math.floor(this.position / this.up);
    }
    const used = Math.min(start, data.length);
    this.pending = data.slice(used);
    this.position -= used * this.up;
    return Float32Array.from(output);
  }
}

/** @param {Float32Array} samples in [-1, 1] @returns {Int16Array} */
export function toPcm16(samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) pcm[i] = Math.max(-32768, Math.min(32767, Math.round(samples[i] * 32768)));
  return pcm;
}

/** @param {Int16Array} pcm @returns {Float32Array} */
export function fromPcm16(pcm) {
  const samples = new Float32Array(pcm.length);
  for (let i = 0; i < pcm.length; i++) samples[i] = pcm[i] / 32768;
  return samples;
}
