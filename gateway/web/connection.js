/**
 * The line to Kefu (protocol kefu.v1, gateway/README.md), kept alive: WebRTC where server and network have it, else the
 * voice socket. The messages are the same; over WebRTC audio has tracks of its own.
 *
 *   closed -> connecting -> open -> closed            bye, or the server ended the session
 *                  \          \--> waiting -> connecting ...   lost: back-off with a countdown, same conversation
 *                   \--> failed                       refused: only the customer's "try again" goes on
 *
 * Events: `state` {state, code, retryInS}, `message` (detail = the JSON object), `audio` {turnId, sentence, pcm} (socket),
 * `stream` {stream: Kefu's voice, or null when the line is gone} (WebRTC).
 */
import { event } from "./events.js";
import { RtcLine } from "./rtc-line.js";
import { requestToken, TokenError } from "./token.js";

const HEADER_BYTES = 8;
const FIRST_RETRY_S = 0.5;
const MAX_RETRY_S = 20;
const READY_TIMEOUT_MS = 10000;
const PING_EVERY_MS = 25000;
const PONG_TIMEOUT_MS = 10000;
const MAX_BUFFERED_BYTES = 256 * 1024; // about 8 s of microphone: the line is stuck, drop rather than lag

/** What a close code means for us; anything else is a lost line. */
const CLOSE_CODES = { 1000: "ended", 1008: "protocol", 1013: "busy" };

/** @typedef {"closed" | "connecting" | "open" | "waiting" | "failed"} ConnectionState */

export class Connection extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  /** @type {RtcLine | null} */
  #line = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  #generation = 0;
  #retryTimer = 0;
  #pingTimer = 0;
  #deadline = 0;
  #fatal = "";
  #accepted = false;
  /** The server has said `ready`; over WebRTC that may come before the line is ours. */
  #isReady = false;
  /** The server has said goodbye. */
  #said = false;

  /** @type {ConnectionState} */
  state = "closed";

  /**
   * @param {() => object} startFields the fields of `start`, asked anew for each session
   * @param {"auto" | "socket"} transport `auto`: WebRTC first
   */
  constructor(startFields, transport = "auto") {
    super();
    this.startFields = startFields;
    this.transport = transport;
  }

  /** Whether audio has tracks of its own now. */
  get isRtc() {
    return this.#line !== null;
  }

  /** Connect unless already connected or on the way; a waiting retry is done at once. */
  open() {
    if (this.state === "open" || this.state === "connecting") return;
    this.#attempt = 0;
    this.#connect();
  }

  /** End this session and start another in the same conversation (language or voice output changed). */
  restart() {
    if (this.state === "closed" || this.state === "failed") return;
    this.close();
    this.open();
  }

  close() {
    this.send({ type: "bye" });
    this.#drop();
    this.#become("closed");
  }

  /** @param {object} message @returns {boolean} false when not connected */
  send(message) {
    if (this.state !== "open") return false;
    if (this.#line) return this.#line.send(JSON.stringify(message));
    if (!this.#socket) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** The customer's microphone, or null while it is closed. @param {MediaStreamTrack | null} track */
  setTrack(track) {
    this.#track = track;
    this.#line?.setTrack(track);
  }

  /** @param {ArrayBuffer} pcm s16le, 16 kHz @returns {boolean} false when it was not sent */
  sendAudio(pcm) {
    if (this.state === "open" && this.#line) {
      this.#line.sendAudio(pcm);
      return true;
    }
    if (this.state !== "open" || !this.#socket || this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) return false;
    this.#socket.send(pcm);
    return true;
  }

  async #connect() {
    this.#drop();
    const generation = this.#generation;
    this.#become("connecting");
    let given;
    try {
      given = await requestToken();
      if (generation !== this.#generation) return;
      if (given.webrtc && this.transport === "auto" && RtcLine.isPossible) {
        if (await this.#connectRtc(given.webrtc, given.token, generation)) return;
        this.transport = "socket"; // for as long as the page lives: what blocks UDP goes on blocking it
        given = await requestToken();
      }
    } catch (error) {
      if (generation === this.#generation) this.#tokenFailed(error);
      return;
    }
    if (generation === this.#generation) this.#connectSocket(given.token);
  }

  /**
   * @param {{url: string, ice_servers: RTCIceServer[]}} server @param {string} token @param {number} generation
   * @returns {Promise<boolean>} false: take the socket
   */
  async #connectRtc(server, token, generation) {
    const isCurrent = () => generation === this.#generation;
    let line;
    try {
      line = await RtcLine.open(server, token, this.startFields(), {
        message: (data) => isCurrent() && this.#text(data),
        stream: (stream) => isCurrent() && this.dispatchEvent(event("stream", { stream })),
        closed: () => isCurrent() && this.#closed(this.#said ? 1000 : 1006),
      });
    } catch {
      return !isCurrent();
    }
    if (!isCurrent()) {
      line.close();
      return true;
    }
    this.#line = line;
    this.#accepted = true;
    this.#said = false;
    line.setTrack(this.#track);
    if (this.#isReady) this.#opened();
    else this.#deadline = setTimeout(() => this.#lost("away"), READY_TIMEOUT_MS);
    return true;
  }

  /** @param {string} token */
  #connectSocket(token) {
    const address = new URL("/v1/voice", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address, ["kefu.v1", `bearer.${token}`]);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#fatal = "";
    this.#accepted = false;
    this.#deadline = setTimeout(() => this.#lost("away"), READY_TIMEOUT_MS);
    const current = (/** @type {(event: any) => void} */ react) => (/** @type {Event} */ e) => {
      if (socket === this.#socket) react(e);
    };
    socket.onopen = current(() => {
      this.#accepted = true;
      socket.send(JSON.stringify({ type: "start", version: 1, ...this.startFields() }));
    });
    socket.onmessage = current(({ data }) => (typeof data === "string" ? this.#text(data) : this.#binary(data)));
    socket.onclose = current(({ code }) => this.#closed(code));
  }

  /** @param {unknown} error */
  #tokenFailed(error) {
    const { code, retryAfterS } = error instanceof TokenError ? error : new TokenError("away");
    if (code === "refused") this.#become("failed", code);
    else this.#lost(code, retryAfterS);
  }

  /** @param {string} data */
  #text(data) {
    const message = JSON.parse(data);
    if (message.type === "ready") {
      this.#isReady = true;
      if (this.#line || this.#socket) this.#opened();
    } else if (message.type === "bye") {
      this.#said = true;
    } else if (message.type === "pong") {
      clearTimeout(this.#deadline);
      this.#line?.ponged(message.t);
    } else if (message.type === "error" && message.fatal) {
      this.#fatal = message.code;
    }
    this.dispatchEvent(event("message", message));
  }

  #opened() {
    clearTimeout(this.#deadline);
    this.#attempt = 0;
    this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#become("open"); // here what was spoken early is sent
    this.#line?.goLive();
  }

  /** @param {ArrayBuffer} data */
  #binary(data) {
    if (data.byteLength < HEADER_BYTES) return;
    const header = new DataView(data);
    const pcm = new Int16Array(data, HEADER_BYTES, (data.byteLength - HEADER_BYTES) >> 1);
    const detail = { turnId: header.getUint32(0, true), sentence: header.getUint32(4, true), pcm };
    this.dispatchEvent(event("audio", detail));
  }

  #ping() {
    this.send({ type: "ping", t: Math.round(performance.now()) });
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#lost("away"), PONG_TIMEOUT_MS);
  }

  /** @param {number} code */
  #closed(code) {
    // A browser does not tell why a handshake was refused. The server has just answered with a token, so it is not
    // away: it has no free place.
    const meaning = this.#accepted ? (CLOSE_CODES[code] ?? "away") : "busy";
    if (meaning === "ended") {
      this.#drop();
      this.#become("closed", "ended");
    } else if (meaning === "protocol") {
      const fatal = this.#fatal;
      this.#drop();
      this.#become("failed", fatal || "protocol");
    } else {
      this.#lost(meaning);
    }
  }

  /** @param {string} code @param {number | null} retryAfterS */
  #lost(code, retryAfterS = null) {
    this.#drop();
    const backOffS = Math.min(MAX_RETRY_S, FIRST_RETRY_S * 2 ** this.#attempt) * (0.8 + 0.4 * Math.random());
    this.#attempt += 1;
    this.#wait(code, performance.now() + (retryAfterS ?? backOffS) * 1000);
  }

  /** Count down to the next try. @param {string} code @param {number} untilMs performance clock */
  #wait(code, untilMs) {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) {
      this.#connect();
      return;
    }
    this.#become("waiting", code, Math.ceil(leftMs / 1000));
    this.#retryTimer = setTimeout(() => this.#wait(code, untilMs), Math.min(leftMs, 1000));
  }

  /** Forget the socket; whatever it still says is not ours any more. */
  #drop() {
    this.#generation += 1;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#deadline);
    clearInterval(this.#pingTimer);
    const socket = this.#socket;
    this.#isReady = false;
    if (this.#line) this.dispatchEvent(event("stream", { stream: null }));
    this.#line?.close();
    this.#line = null;
    this.#socket = null;
    socket?.close(1000);
  }

  /** @param {ConnectionState} state @param {string} code @param {number} retryInS */
  #become(state, code = "", retryInS = 0) {
    this.state = state;
    this.dispatchEvent(event("state", { state, code, retryInS }));
  }
}
