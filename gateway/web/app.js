/** Composition: makes the parts and ties them together. Nothing is decided here. */
import { Conversation } from "./conversation.js";
import { language, setLanguage, t, translatePage } from "./i18n.js";
import { Connection, Microphone, Player, RATE_HZ } from "./kefu.js";
import { loadSettings, saveSettings } from "./settings.js";
import { Talk } from "./talk.js";
import { storedConversation } from "./token.js";
import { Bubbles } from "./view/bubbles.js";
import { choice, languageChoice, messageBox, speakerSwitch } from "./view/controls.js";
import { byId } from "./view/dom.js";
import { fetchInfo, showIntro } from "./view/intro.js";
import { Keypad } from "./view/keypad.js";
import { Latency } from "./view/latency.js";
import { Status } from "./view/status.js";
import { Suggestions } from "./view/suggestions.js";

const settings = loadSettings();
let greet = false;

translatePage();
const microphone = new Microphone();
const player = new Player();
const connection = new Connection(() => ({
  rate_hz: RATE_HZ,
  output_rate_hz: player.rateHz,
  language: language(),
  speak: settings.speaker,
  greet,
}));
const status = new Status(() => connection.open());
const bubbles = new Bubbles();
const latency = new Latency();
const suggestions = new Suggestions((text) => ask(text));
const keypad = new Keypad((key) => conversation.press(key));
const conversation = new Conversation({ connection, player, microphone, bubbles, status, latency, suggestions, keypad });
const talk = new Talk(byId("talk"), microphone, () => conversation.facts.playing);
talk.mode = settings.mode;

function showStatus() {
  const { link, micOpen } = conversation.facts;
  keypad.available(link === "open");
  status.show({ phase: conversation.phase, link, micOpen, mode: talk.mode });
}

/** Browsers let a page make sound only in answer to a gesture. */
async function prepareVoice() {
  if (!settings.speaker) return;
  try {
    await player.prepare();
  } catch {
    status.notice("speaker");
  }
}

/** @param {string} text */
async function ask(text) {
  greet = false;
  await prepareVoice();
  conversation.say(text);
}

conversation.addEventListener("changed", showStatus);
conversation.addEventListener("speech_ended", () => talk.speechEnded());
conversation.addEventListener("ended", () => talk.close());
conversation.addEventListener("ready", (/** @type {CustomEvent} */ { detail }) => {
  greet = false; // once; a dropped line is not a new visit
  byId("customer").textContent = detail.customer ?? "";
});

talk.addEventListener("gesture", prepareVoice);
talk.addEventListener("interrupt", () => conversation.interrupt());
talk.addEventListener("opened", async () => {
  status.clearNotice();
  // In a fresh conversation with an open microphone Kefu speaks first; a customer who holds the button is speaking.
  greet = talk.mode === "open" && storedConversation() === null;
  conversation.microphoneOpened();
  await prepareVoice();
  connection.open();
});
talk.addEventListener("closed", () => conversation.microphoneClosed());
talk.addEventListener("refused", (/** @type {CustomEvent} */ { detail }) => status.notice(detail.code));
microphone.addEventListener("lost", () => {
  conversation.microphoneClosed();
  status.notice("lost");
});

messageBox(ask);
bubbles.areSpoken = settings.speaker;
const showSpeaker = speakerSwitch(async (on) => {
  settings.speaker = bubbles.areSpoken = on;
  saveSettings(settings);
  showSpeaker(on);
  if (!on) conversation.interrupt();
  await prepareVoice();
  connection.restart();
});
showSpeaker(settings.speaker);
choice("mode", (mode) => {
  talk.close();
  talk.mode = settings.mode = mode;
  saveSettings(settings);
  showStatus();
})(settings.mode);
languageChoice((value) => {
  setLanguage(value);
  status.refresh();
  latency.render();
  showSpeaker(settings.speaker);
  showInfo();
  connection.restart();
});

let info = {};
function showInfo() {
  showIntro(info, (text) => suggestions.chip(text));
}
fetchInfo().then((found) => {
  info = found;
  showInfo();
});

document.addEventListener("keydown", (e) => {
  if (e.key === "Escape") conversation.interrupt();
});
addEventListener("online", () => {
  if (connection.state === "waiting") connection.open();
});
addEventListener("pagehide", () => connection.close());
// For pages that embed this one, and for its tests: what the loudspeaker really does.
for (const name of ["started", "position", "finished", "cleared", "dropped"]) {
  player.addEventListener(name, (/** @type {CustomEvent} */ { detail }) =>
    document.dispatchEvent(new CustomEvent("kefu:playout", { detail: { ...detail, type: name } })),
  );
}

/** On a wide screen there is room for the details. */
const details = /** @type {HTMLDetailsElement} */ (byId("latency"));
details.open = matchMedia("(min-width: 60rem)").matches;
if (storedConversation()) bubbles.divider(t("intro.resumed"));
if (!window.isSecureContext) status.notice("insecure");
latency.render();
showStatus();
