/**
 * One conversation on this page: what the customer does goes to the server, what the server says goes to the views and
 * the loudspeaker. Holds the facts from which the phase follows; draws nothing itself.
 *
 *   customer   ~~speech~~|  endpoint
 *   server                | transcript  reply  audio_start ...  audio_end
 *   awaiting              |=================|
 *   playing                                  |====================|  (until playout reports the end)
 */
import { Captions } from "./captions.js";
import { event } from "./events.js";
import { MicClock } from "./mic-clock.js";
import { RATE_HZ } from "./microphone.js";
import { phaseOf } from "./phase.js";

const ANSWER_TIMEOUT_MS = 25000; // beyond the server's own turn deadline
const MAX_EARLY_FRAMES = 62; // 2 s of speech kept while the line is being opened
const CONNECTION_CODES = ["away", "busy", "refused", "protocol", "unauthorized", "ended", "server"];

/**
 * @typedef {object} Parts
 * @property {import("./connection.js").Connection} connection
 * @property {import("./player.js").Player} player
 * @property {import("./microphone.js").Microphone} microphone
 * @property {import("./view/bubbles.js").Bubbles} bubbles
 * @property {import("./view/status.js").Status} status
 * @property {import("./view/latency.js").Latency} latency
 * @property {import("./view/suggestions.js").Suggestions} suggestions
 * @property {import("./view/keypad.js").Keypad} keypad
 */

/** Events: `changed` (the facts), `ready` {customer: display name or null}, `speech_ended`, `ended`. */
export class Conversation extends EventTarget {
  #captions = new Captions();
  #clock = new MicClock(RATE_HZ);
  /** Typed before the line was open. @type {{text: string, sent: () => void}[]} */
  #outbox = [];
  /** Spoken before the line was open. @type {CustomEvent["detail"][]} */
  #earlyFrames = [];
  #conversationId = "";
  #answerTimer = 0;
  /** End of the customer's last speech. @type {number | null} performance clock */
  #speechEndMs = null;

  facts = {
    link: /** @type {import("./connection.js").ConnectionState} */ ("closed"),
    wanted: false,
    micOpen: false,
    awaiting: false,
    playing: false,
  };

  /** @param {Parts} parts */
  constructor(parts) {
    super();
    this.parts = parts;
    const { connection, player, microphone } = parts;
    connection.addEventListener("state", ({ detail }) => this.#linkChanged(detail));
    connection.addEventListener("message", ({ detail }) => this.#messages[detail.type]?.(detail));
    connection.addEventListener("audio", ({ detail }) => player.enqueue(detail.turnId, detail.pcm));
    connection.addEventListener("stream", ({ detail }) => player.attach(detail.stream));
    microphone.addEventListener("frame", ({ detail }) => this.#frame(detail));
    player.addEventListener("started", ({ detail }) => this.#firstSound(detail.atMs));
    player.addEventListener("position", ({ detail }) => this.#playedTo(detail));
    player.addEventListener("played", ({ detail }) =>
      connection.send({ type: "played", turn_id: detail.turnId, play: detail.play, ms: detail.ms }),
    );
    player.addEventListener("finished", ({ detail }) => this.#over(detail.turnId, true));
    player.addEventListener("cleared", ({ detail }) => this.#over(detail.turnId, false));
  }

  get phase() {
    return phaseOf(this.facts);
  }

  /** A typed question. @param {string} text */
  say(text) {
    this.interrupt();
    this.parts.suggestions.clear();
    this.#asked(null);
    const open = this.parts.connection.send({ type: "text", text });
    const sent = this.parts.bubbles.typed(text, !open);
    if (!open) this.#outbox.push({ text, sent });
    this.#change({ wanted: true, awaiting: open });
    this.parts.connection.open();
  }

  /** A key of the keypad; the server puts the digits together. @param {string} key */
  press(key) {
    this.interrupt();
    this.parts.connection.send({ type: "dtmf", digit: key });
  }

  /** The microphone delivers from now on. */
  microphoneOpened() {
    this.#clock.break();
    this.parts.connection.setTrack(this.parts.microphone.track);
    this.parts.connection.send({ type: "mute", muted: false });
    this.#change({ wanted: true, micOpen: true });
  }

  /** The utterance, if there is one, is over. */
  microphoneClosed() {
    this.parts.connection.setTrack(null);
    this.parts.connection.send({ type: "mute", muted: true });
    this.#change({ micOpen: false });
  }

  /** Stop the answer that is being said or prepared. */
  interrupt() {
    if (!this.facts.playing && !this.parts.player.isPlaying) return;
    this.parts.player.clear();
    this.parts.connection.send({ type: "interrupt" });
    this.#change({ playing: false, awaiting: false });
  }

  /** @param {{state: import("./connection.js").ConnectionState, code: string, retryInS: number}} link */
  #linkChanged({ state, code, retryInS }) {
    const { status, player } = this.parts;
    if (code) status.notice(code, { seconds: retryInS });
    else if (state === "open") status.clearNotice(CONNECTION_CODES);
    if (state !== "open") player.clear();
    if (state === "open") this.#opened();
    else this.#change({ link: state, awaiting: false, wanted: this.facts.wanted && state !== "closed" });
    if (code === "ended") this.dispatchEvent(event("ended"));
  }

  #opened() {
    this.#clock.reset();
    this.#change({ link: "open" });
    for (const { text, sent } of this.#outbox.splice(0)) {
      this.parts.connection.send({ type: "text", text });
      sent();
      this.#asked(null);
      this.#change({ awaiting: true });
    }
    for (const frame of this.#earlyFrames.splice(0)) this.#send(frame);
    // The customer let go of the button before the line was open.
    if (this.#clock.sentSamples > 0 && !this.facts.micOpen) this.parts.connection.send({ type: "mute", muted: true });
  }

  /** @param {CustomEvent["detail"]} frame */
  #frame(frame) {
    if (this.phase === "listening" || this.phase === "connecting") this.parts.status.level(frame.level);
    if (this.facts.link === "open") {
      this.#send(frame);
      return;
    }
    this.#earlyFrames.push(frame);
    if (this.#earlyFrames.length > MAX_EARLY_FRAMES) this.#earlyFrames.shift();
  }

  /** @param {CustomEvent["detail"]} frame */
  #send({ pcm, samples, capturedAtMs }) {
    if (this.parts.connection.sendAudio(pcm)) this.#clock.sent(samples, capturedAtMs);
    else this.#clock.break();
  }

  /** @type {Record<string, (message: any) => void>} */
  #messages = {
    ready: ({ conversation_id, customer }) => {
      if (this.#conversationId && this.#conversationId !== conversation_id) this.parts.bubbles.forgetTurns();
      this.#conversationId = conversation_id;
      this.dispatchEvent(event("ready", { customer }));
    },
    speech_started: () => this.parts.suggestions.clear(),
    speech_ended: ({ end_ms }) => {
      this.#asked(this.#clock.wallOf(end_ms));
      this.#change({ awaiting: true });
      this.dispatchEvent(event("speech_ended"));
    },
    transcript: (transcript) => {
      this.parts.bubbles.transcript(transcript);
      if (transcript.text) this.parts.status.caption("you", transcript.text);
      const { is_final, text, verdict = text ? "turn" : "silence" } = transcript;
      if (is_final && verdict !== "turn") this.#change({ awaiting: false });
    },
    understood: (understood) => {
      this.#keyed();
      this.parts.latency.understood(understood);
    },
    reply: (reply) => {
      this.parts.bubbles.reply(reply);
      if (reply.suggestions?.length) this.parts.suggestions.show(reply.suggestions);
      // A spoken answer has come when its audio has.
      if (reply.is_last && !(this.parts.bubbles.areSpoken && reply.text)) this.#change({ awaiting: false });
    },
    audio_start: ({ turn_id, rate_hz, play = 0 }) => {
      this.parts.player.begin(turn_id, rate_hz, play);
      this.parts.bubbles.resumed(turn_id);
      this.#change({ awaiting: false, playing: this.parts.player.isPlaying });
    },
    caption: ({ turn_id, text, start_ms }) => this.#captions.add(turn_id, text, start_ms),
    audio_end: ({ turn_id, duration_ms }) => this.parts.player.end(turn_id, duration_ms),
    clear: ({ turn_id }) => {
      this.parts.player.clear(turn_id);
      this.#captions.forget(turn_id);
      this.#change({ playing: this.parts.player.isPlaying });
    },
    latency: ({ hops, spans = [] }) => this.parts.latency.hops(hops, spans),
    error: ({ code, message, fatal }) => {
      if (fatal) return; // the close that follows says the same
      this.parts.status.notice(code, { message });
      this.#change({ awaiting: false });
    },
  };

  /** What was pressed on the keypad has become a turn. */
  #keyed() {
    const digits = this.parts.keypad.taken();
    if (!digits) return;
    this.parts.suggestions.clear();
    this.#asked(null);
    this.parts.bubbles.typed(digits, false);
    this.#change({ awaiting: true });
  }

  /** A question is complete. @param {number | null} speechEndMs performance clock; null when it was typed */
  #asked(speechEndMs) {
    this.#speechEndMs = speechEndMs;
    this.parts.latency.reset();
    clearTimeout(this.#answerTimer);
    this.#answerTimer = setTimeout(() => this.#change({ awaiting: false }), ANSWER_TIMEOUT_MS);
  }

  /** @param {number} atMs performance clock */
  #firstSound(atMs) {
    if (this.#speechEndMs === null) return;
    this.parts.latency.heard(atMs - this.#speechEndMs);
    this.#speechEndMs = null;
  }

  /** @param {{turnId: number, ms: number, level: number}} position */
  #playedTo({ turnId, ms, level }) {
    this.parts.status.level(level / 2);
    for (const sentence of this.#captions.reached(turnId, ms)) {
      this.parts.status.caption("kefu", sentence);
      this.parts.bubbles.saying(turnId, sentence);
    }
  }

  /** @param {number} turnId @param {boolean} complete */
  #over(turnId, complete) {
    if (!this.parts.player.plays(turnId)) this.parts.bubbles.said(turnId, complete);
    this.parts.latency.underruns(this.parts.player.stats.underruns);
    if (complete) this.#captions.forget(turnId);
    this.#change({ playing: this.parts.player.isPlaying });
  }

  /** @param {Partial<Conversation["facts"]>} facts */
  #change(facts) {
    Object.assign(this.facts, facts);
    this.parts.bubbles.thinking(this.phase === "thinking");
    this.dispatchEvent(event("changed"));
  }
}
