import { Kefu } from "./kefu.js";

const [talk, form, text, log] = ["talk", "form", "text", "log"].map((id) => document.getElementById(id));
const kefu = new Kefu({ language: "zh" });
const show = (who, words) => log.append(Object.assign(document.createElement("li"), { textContent: `${who}: ${words}` }));

kefu.addEventListener("transcript", ({ detail }) => detail.is_final && detail.text && show("我", detail.text));
kefu.addEventListener("reply", ({ detail }) => show("客服", detail.text));
kefu.addEventListener("state", ({ detail }) => (document.title = detail.state));
kefu.addEventListener("error", ({ detail }) => show("!", detail.message));

talk.onclick = () => (kefu.isListening ? kefu.mute() : kefu.talk().catch((error) => show("!", error.code)));
form.onsubmit = (event) => {
  event.preventDefault();
  show("我", text.value);
  kefu.say(text.value);
  text.value = "";
};
