/** The voice token and the conversation it belongs to (kept for this tab, so that a reload goes on where it was). */

const STORE_KEY = "kefu.conversation";
const TIMEOUT_MS = 8000;
const BUSY_RETRY_S = 5;

/** `code`: away | busy | refused */
export class TokenError extends Error {
  /** @param {string} code @param {number | null} retryAfterS */
  constructor(code, retryAfterS = null) {
    super(code);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** @returns {{conversation_id: string, resume_token: string} | null} */
export function storedConversation() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE_KEY) ?? "null");
  } catch {
    return null;
  }
}

export function forgetConversation() {
  sessionStorage.removeItem(STORE_KEY);
}

/** @param {object} body */
async function post(body) {
  try {
    return await fetch("/v1/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new TokenError("away");
  }
}

/**
 * A fresh token, for the stored conversation where the server still has it, and where WebRTC is served.
 * @returns {Promise<{token: string, webrtc: {url: string, ice_servers: RTCIceServer[]} | null}>} @throws {TokenError}
 */
export async function requestToken() {
  const stored = storedConversation();
  let response = await post(stored ?? {});
  if (stored && response.status >= 400 && response.status < 500 && response.status !== 429) {
    forgetConversation();
    response = await post({});
  }
  if (response.status === 429 || response.status === 503) {
    throw new TokenError("busy", Number(response.headers.get("Retry-After")) || BUSY_RETRY_S);
  }
  if (response.status === 401 || response.status === 403) throw new TokenError("refused");
  if (!response.ok) throw new TokenError("away");
  const { token, conversation_id, resume_token, webrtc = null } = await response.json();
  sessionStorage.setItem(STORE_KEY, JSON.stringify({ conversation_id, resume_token }));
  return { token, webrtc };
}
