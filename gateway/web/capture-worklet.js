/**
 * Microphone to PCM: device rate in, frames of `frameSamples` at `rateHz` out (s16, mono) with their level.
 * Posts `{pcm: ArrayBuffer, level: RMS 0..1, atS: context time of the frame's end}`.
 */
import { Resampler, toPcm16 } from "./resampler.js";

class Capture extends AudioWorkletProcessor {
  /** @param {{processorOptions: {rateHz: number, frameSamples: number}}} options */
  constructor({ processorOptions }) {
    super();
    this.frame = new Float32Array(processorOptions.frameSamples);
    this.filled = 0;
    this.resampler = new Resampler(sampleRate, processorOptions.rateHz);
  }

  /** @param {Float32Array[][]} inputs */
  process([input]) {
    if (input.length === 0) return true; // the source is not connected (yet)
    const mono = input.length === 1 ? input[0] : input[0].map((sample, i) => (sample + input[1][i]) / 2);
    for (const sample of this.resampler.process(mono)) {
      this.frame[this.filled++] = sample;
      if (this.filled === this.frame.length) this.#post();
    }
    return true;
  }

  #post() {
    let energy = 0;
    for (const sample of this.frame) energy += sample * sample;
    const pcm = toPcm16(this.frame).buffer;
    this.port.postMessage({ pcm, level: Math.sqrt(energy / this.frame.length), atS: currentTime }, [pcm]);
    this.filled = 0;
  }
}

registerProcessor("kefu-capture", Capture);
