/**
 * PCM to loudspeaker: a queue of turns, played in the order in which they began.
 *
 *   begin --> audio, audio, ... --> end          normal: started, position..., finished
 *         \--> clear                             one quantum of fade-out, then silence: cleared
 *
 * In:  {type: "begin", turnId, play}, {type: "end"|"clear", turnId}, {type: "audio", turnId, samples: Float32Array}.
 * Out: {type: "started"|"position"|"finished"|"cleared"|"dropped", turnId, play, samples (played so far), atS, level,
 *       underruns}. A turn that was cleared may begin again as another play.
 * Audio of a turn that is not in the queue (never begun, cleared, finished) is stale: dropped and counted.
 */

const START_S = 0.04; // buffered before a turn starts to play
const RESUME_S = 0.12; // buffered before it goes on after running dry
const REPORT_S = 0.05;
const AUDIBLE = 0.003; // about -50 dBFS: below this the leading silence of a voice is not "the first sound"

/** @typedef {{turnId: number, play: number, chunks: Float32Array[], offset: number, buffered: number, played: number,
 *   ended: boolean, running: boolean, heard: boolean, underruns: number}} Track */

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    /** @type {Track[]} */
    this.tracks = [];
    /** @type {Track | null} */
    this.fading = null;
    this.sinceReport = 0;
    this.peak = 0;
    this.port.onmessage = ({ data }) => this.#receive(data);
  }

  /** @param {{type: string, turnId: number, play?: number, samples?: Float32Array}} message */
  #receive({ type, turnId, play = 0, samples }) {
    if (type === "begin") {
      this.tracks.push({
        turnId,
        play,
        chunks: [],
        offset: 0,
        buffered: 0,
        played: 0,
        ended: false,
        running: false,
        heard: false,
        underruns: 0,
      });
      return;
    }
    const track = this.tracks.find((candidate) => candidate.turnId === turnId);
    if (!track) {
      if (type === "audio")
        this.port.postMessage({ type: "dropped", turnId, samples: samples.length, atS: currentTime });
      return;
    }
    if (type === "audio") {
      track.chunks.push(samples);
      track.buffered += samples.length;
    } else if (type === "end") {
      track.ended = true;
    } else {
      if (track === this.tracks[0]) this.fading = track;
      else this.#report("cleared", track);
      this.tracks = this.tracks.filter((candidate) => candidate !== track);
    }
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, [[output]]) {
    if (this.fading) {
      this.#fadeOut(this.fading, output);
      this.fading = null;
      return true;
    }
    const track = this.tracks[0];
    if (!track) return true;
    if (!track.running) {
      const needed = sampleRate * (track.played === 0 ? START_S : RESUME_S);
      if (!track.ended && track.buffered < needed) return true;
      track.running = true;
    }
    this.#render(track, output);
    return true;
  }

  /** @param {Track} track @param {Float32Array} output */
  #render(track, output) {
    const count = this.#take(track, output);
    for (const sample of output) this.peak = Math.max(this.peak, Math.abs(sample));
    if (!track.heard && this.peak > AUDIBLE) {
      track.heard = true;
      this.#report("started", track);
    }
    this.sinceReport += output.length;
    if (count === output.length) {
      if (this.sinceReport >= REPORT_S * sampleRate) this.#report("position", track);
      return;
    }
    if (track.ended) {
      this.tracks.shift();
      this.#report("finished", track);
      return;
    }
    track.running = false;
    track.underruns += 1;
    this.#report("position", track);
  }

  /** The rest of one quantum, ramped down so that cutting in does not click. */
  #fadeOut(track, output) {
    if (track.running) {
      this.#take(track, output);
      for (let i = 0; i < output.length; i++) output[i] *= 1 - (i + 1) / output.length;
    }
    this.peak = 0;
    this.#report("cleared", track);
  }

  /** Move up to one quantum from the track to `output`. @returns {number} samples moved */
  #take(track, output) {
    let filled = 0;
    while (filled < output.length && track.chunks.length > 0) {
      const chunk = track.chunks[0];
      const count = Math.min(output.length - filled, chunk.length - track.offset);
      output.set(chunk.subarray(track.offset, track.offset + count), filled);
      filled += count;
      track.offset += count;
      if (track.offset === chunk.length) {
        track.chunks.shift();
        track.offset = 0;
      }
    }
    track.played += filled;
    track.buffered -= filled;
    return filled;
  }

  /** @param {string} type @param {Track} track */
  #report(type, track) {
    const { turnId, play, played: samples, underruns } = track;
    this.port.postMessage({ type, turnId, play, samples, underruns, level: this.peak, atS: currentTime });
    this.peak = 0;
    this.sinceReport = 0;
  }
}

registerProcessor("kefu-playback", Playback);
