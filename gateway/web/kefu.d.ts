/** Types of the Kefu SDK (kefu.js): protocol kefu.v1, gateway/README.md. */

export type Language = "zh" | "en" | "auto";
export type State = "closed" | "connecting" | "open" | "waiting" | "failed";

export interface KefuOptions {
  language?: Language;
  /** Whether answers are spoken; default true. */
  speak?: boolean;
  /** Whether Kefu speaks first; default false. */
  greet?: boolean;
  /** "auto": WebRTC where server and network have it, else the socket. */
  transport?: "auto" | "socket";
}

export interface Card {
  kind: "order" | "shipment" | "product" | "comparison" | "return" | "source" | "handoff";
  data: Record<string, unknown>;
}

export interface KefuEvents {
  state: { state: State; code: string; retryInS: number };
  playing: { playing: boolean };
  ready: { session_id: string; conversation_id: string; customer: string | null };
  speech_started: { utterance_id: number; at_ms: number };
  speech_ended: { utterance_id: number; end_ms: number; decided_ms: number };
  transcript: { utterance_id: number; text: string; is_final: boolean; language: string; confidence: number; verdict?: string };
  understood: { turn_id: number; intent: string; confidence: number; slots: Record<string, unknown>; sentiment: string };
  reply: {
    turn_id: number;
    text: string;
    language: string;
    is_last: boolean;
    cards: Card[];
    suggestions: string[];
    sources: string[];
    action: "say" | "hand_off" | "transfer" | "hang_up" | "collect_digits";
    generated: boolean;
  };
  caption: { turn_id: number; sentence: number; text: string; start_ms: number };
  clear: { turn_id: number };
  latency: { turn_id: number; hops: Record<string, number>; spans: [string, number, number][] };
  error: { code: string; message: string; fatal: boolean };
  bye: { reason: string };
}

export class Kefu extends EventTarget {
  constructor(options?: KefuOptions);
  readonly state: State;
  readonly isListening: boolean;
  /** Open the microphone and the line; in a user's gesture. Rejects with a MicrophoneError. */
  talk(): Promise<void>;
  mute(): void;
  say(text: string): void;
  press(digit: string): void;
  interrupt(): void;
  close(): void;
  addEventListener<Name extends keyof KefuEvents>(
    type: Name,
    listener: (event: CustomEvent<KefuEvents[Name]>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

export class MicrophoneError extends Error {
  readonly code: "insecure" | "denied" | "missing" | "in_use" | "failed";
}
