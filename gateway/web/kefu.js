/**
 * The SDK: talk to Kefu from any page. A plain ES module, typed by kefu.d.ts; the gateway's own page is made of it.
 *
 *   const kefu = new Kefu({ language: "zh" });
 *   kefu.addEventListener("reply", ({ detail }) => show(detail.text));
 *   button.onclick = () => kefu.talk();          // in a gesture: browsers ask for the microphone and allow sound then
 *   form.onsubmit = () => kefu.say(input.value);
 *
 * Every message of kefu.v1 (gateway/README.md) is an event of its type; beside them `state` {state, code, retryInS} and
 * `playing` {playing}. Another site that embeds it must be listed in `gateway.origins`.
 */
import { Connection } from "./connection.js";
import { event } from "./events.js";
import { Microphone, MicrophoneError, RATE_HZ } from "./microphone.js";
import { Player } from "./player.js";

export { Connection, Microphone, MicrophoneError, Player, RATE_HZ };

export class Kefu extends EventTarget {
  #player = new Player();
  #microphone = new Microphone();
  /** @type {Connection} */
  #connection;
  /** Said before the line was open. @type {object[]} */
  #waiting = [];
  /** @type {ArrayBuffer[]} */
  #early = [];

  /** @param {import("./kefu").KefuOptions} [options] */
  constructor({ language = "auto", speak = true, greet = false, transport = "auto" } = {}) {
    super();
    const start = () => ({ rate_hz: RATE_HZ, output_rate_hz: this.#player.rateHz, language, speak, greet });
    this.#connection = new Connection(start, transport);
    this.#connection.addEventListener("state", ({ detail }) => this.#changed(detail));
    this.#connection.addEventListener("message", ({ detail }) => this.#told(detail));
    this.#connection.addEventListener("audio", ({ detail }) => this.#player.enqueue(detail.turnId, detail.pcm));
    this.#connection.addEventListener("stream", ({ detail }) => this.#player.attach(detail.stream));
    this.#microphone.addEventListener("frame", ({ detail }) => this.#frame(detail.pcm));
    this.#player.addEventListener("played", ({ detail: { turnId, play, ms } }) =>
      this.#connection.send({ type: "played", turn_id: turnId, play, ms }),
    );
    for (const name of ["started", "finished", "cleared"]) {
      this.#player.addEventListener(name, () =>
        this.dispatchEvent(event("playing", { playing: this.#player.isPlaying })),
      );
    }
  }

  get state() {
    return this.#connection.state;
  }

  get isListening() {
    return this.#microphone.isOpen;
  }

  /** Open the microphone and the line. Call in a user's gesture. @throws {MicrophoneError} */
  async talk() {
    await this.#microphone.open();
    await this.#player.prepare();
    this.#connection.setTrack(this.#microphone.track);
    this.#send({ type: "mute", muted: false });
    this.#connection.open();
  }

  /** Close the microphone; the answer goes on. */
  mute() {
    this.#microphone.close(true);
    this.#connection.setTrack(null);
    this.#connection.send({ type: "mute", muted: true });
  }

  /** A typed message. @param {string} text */
  say(text) {
    this.#player.prepare().catch(() => {}); // without a gesture the answer is only shown
    this.#send({ type: "text", text });
    this.#connection.open();
  }

  /** A key of a phone keypad. @param {string} digit */
  press(digit) {
    this.#send({ type: "dtmf", digit });
  }

  /** Stop the answer that is being said. */
  interrupt() {
    this.#player.clear();
    this.#connection.send({ type: "interrupt" });
  }

  /** End the session; `talk` and `say` begin another in the same conversation. */
  close() {
    this.#microphone.close(true);
    this.#player.clear();
    this.#connection.close();
  }

  /** @param {object} message */
  #send(message) {
    if (!this.#connection.send(message)) this.#waiting.push(message);
  }

  /** @param {ArrayBuffer} pcm */
  #frame(pcm) {
    if (this.state === "open") this.#connection.sendAudio(pcm);
    else this.#early = [...this.#early.slice(-61), pcm]; // 2 s
  }

  /** @param {{state: string, code: string, retryInS: number}} detail */
  #changed(detail) {
    if (detail.state === "open") {
      for (const message of this.#waiting.splice(0)) this.#connection.send(message);
      for (const pcm of this.#early.splice(0)) this.#connection.sendAudio(pcm);
    } else {
      this.#player.clear();
    }
    this.dispatchEvent(event("state", detail));
  }

  /** @param {any} message */
  #told(message) {
    if (message.type === "audio_start") this.#player.begin(message.turn_id, message.rate_hz, message.play ?? 0);
    else if (message.type === "audio_end") this.#player.end(message.turn_id, message.duration_ms);
    else if (message.type === "clear") this.#player.clear(message.turn_id);
    this.dispatchEvent(event(message.type, message));
  }
}
