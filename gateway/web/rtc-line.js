/**
 * The line over WebRTC: Opus both ways, the messages of kefu.v1 over a data channel (gateway/README.md).
 *
 *   offer -> POST /v1/webrtc -> answer -> connected, channel open        else it fails within the deadline
 *
 * What was spoken before the line was open goes over the channel as PCM (s16le mono, 16 kHz), and so does all that follows
 * until the server has confirmed it by a pong: else the track's first words could overtake it.
 *
 *   microphone   |--early--|--channel--|--track-------->
 *                     open ^ping   pong ^
 */

const DEADLINE_MS = 3000; // then the caller takes the socket
const LIVE = -1; // the ping behind what was spoken early
const GATHER_MS = 500; // candidates that come later are not worth the wait: ours are of this network

/**
 * @typedef {object} LineEvents
 * @property {(data: string) => void} message
 * @property {(stream: MediaStream) => void} stream Kefu's voice
 * @property {() => void} closed after it was open; never after `close`
 */

export class RtcLine {
  /** @type {RTCPeerConnection} */
  #pc;
  /** @type {RTCDataChannel} */
  #channel;
  /** @type {RTCRtpSender} */
  #sender;
  #hangUp = "";
  #over = false;
  #isLive = false;
  /** @type {MediaStreamTrack | null} */
  #track = null;

  /** @param {RTCPeerConnection} pc @param {RTCDataChannel} channel @param {RTCRtpSender} sender */
  constructor(pc, channel, sender) {
    this.#pc = pc;
    this.#channel = channel;
    this.#sender = sender;
  }

  /** Whether this browser can. */
  static get isPossible() {
    return typeof RTCPeerConnection === "function";
  }

  /**
   * Connect. @param {{url: string, ice_servers: RTCIceServer[]}} server @param {string} token
   * @param {object} start the fields of `start` @param {LineEvents} on @returns {Promise<RtcLine>}
   * @throws {Error} when it does not connect in time; nothing is left open then
   */
  static async open(server, token, start, on) {
    const pc = new RTCPeerConnection({ iceServers: server.ice_servers });
    const channel = pc.createDataChannel("kefu");
    const { sender } = pc.addTransceiver("audio", { direction: "sendrecv" });
    const line = new RtcLine(pc, channel, sender);
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    try {
      channel.onmessage = ({ data }) => on.message(data);
      pc.ontrack = ({ track }) => on.stream(new MediaStream([track]));
      const opened = line.#opened(deadline);
      await line.#negotiate(server.url, token, start, deadline);
      await opened;
    } catch (error) {
      line.close();
      throw error;
    }
    line.#watch(on.closed);
    return line;
  }

  /** @param {string} message @returns {boolean} */
  send(message) {
    if (this.#channel.readyState !== "open") return false;
    this.#channel.send(message);
    return true;
  }

  /** Microphone audio that the track does not carry yet; later it is not sent twice. @param {ArrayBuffer} pcm */
  sendAudio(pcm) {
    if (!this.#isLive && this.#channel.readyState === "open") this.#channel.send(pcm);
  }

  /** What was spoken early has been sent: the track takes over as soon as it has arrived. */
  goLive() {
    this.send(JSON.stringify({ type: "ping", t: LIVE }));
  }

  /** @param {number} t of a pong */
  ponged(t) {
    if (t !== LIVE) return;
    this.#isLive = true;
    this.setTrack(this.#track);
  }

  /** The customer's microphone, or null while it is closed. @param {MediaStreamTrack | null} track */
  async setTrack(track) {
    this.#track = track;
    if (this.#isLive && !this.#over) await this.#sender.replaceTrack(track);
  }

  close() {
    this.#over = true;
    this.#channel.close();
    this.#pc.close();
    if (this.#hangUp) fetch(this.#hangUp, { method: "DELETE", keepalive: true }).catch(() => {});
  }

  /** @param {string} url @param {string} token @param {object} start @param {AbortSignal} signal */
  async #negotiate(url, token, start, signal) {
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    await this.#gathered();
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify({ sdp: this.#pc.localDescription?.sdp, type: "offer", start }),
      signal,
    });
    if (!response.ok) throw new Error(`offer refused: ${response.status}`);
    this.#hangUp = response.headers.get("Location") ?? "";
    await this.#pc.setRemoteDescription({ type: "answer", sdp: (await response.json()).sdp });
  }

  #gathered() {
    if (this.#pc.iceGatheringState === "complete") return Promise.resolve();
    return new Promise((resolve) => {
      setTimeout(resolve, GATHER_MS);
      this.#pc.addEventListener("icegatheringstatechange", () => {
        if (this.#pc.iceGatheringState === "complete") resolve(undefined);
      });
    });
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} */
  #opened(signal) {
    const opened = new Promise((resolve, reject) => {
      this.#channel.onopen = () => resolve(undefined);
      signal.addEventListener("abort", () => reject(new Error("no connection in time")));
    });
    opened.catch(() => {}); // the negotiation may fail first and be told of
    return /** @type {Promise<void>} */ (opened);
  }

  /** @param {() => void} closed */
  #watch(closed) {
    const lost = () => {
      if (this.#over) return;
      this.#over = true;
      closed();
    };
    this.#channel.onclose = lost;
    this.#pc.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.#pc.connectionState)) lost();
    };
  }
}
