/** Sentence captions on the playout clock of their turn: which one is being said at a given moment. Pure. */
export class Captions {
  /** @type {Map<number, {text: string, startMs: number, shown: boolean}[]>} */
  #turns = new Map();

  /** @param {number} turnId @param {string} text @param {number} startMs */
  add(turnId, text, startMs) {
    const captions = this.#turns.get(turnId) ?? [];
    this.#turns.set(turnId, [...captions, { text, startMs, shown: false }]);
  }

  /** The sentences that playout has reached since the last call. @param {number} turnId @param {number} ms @returns {string[]} */
  reached(turnId, ms) {
    const due = (this.#turns.get(turnId) ?? []).filter((caption) => !caption.shown && caption.startMs <= ms);
    for (const caption of due) caption.shown = true;
    return due.map((caption) => caption.text);
  }

  /** @param {number} turnId */
  forget(turnId) {
    this.#turns.delete(turnId);
  }
}
