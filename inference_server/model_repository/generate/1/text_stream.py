"""Token ids to text that can be shown at once. Pure."""

from collections.abc import Callable, Sequence

_REPLACEMENT = "\ufffd"
_MOST_BYTES_OF_A_CHARACTER = 4


class TextStream:
    """Gives out whole characters only, and holds back what may become a stop text.

    ``push(token)`` -> text that is safe to send; after the last token ``flush()`` -> the rest. ``stopped`` turns true
    when a stop text was met; that text and what follows it are never given out.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stop: Sequence[str] = ()) -> None:
        self.stopped = False
        self._decode = decode
        self._stop = tuple(stop)
        # Tokens before _read are given out; those from _context on are decoded again, since a tokenizer may write a
        # token differently at the start of a text.
        self._tokens: list[int] = []
        self._context = 0
        self._read = 0
        self._held = ""

    def push(self, token: int) -> str:
        """Take one token; returns the text that may be sent now, often empty."""
        self._tokens.append(token)
        return self._release(self._decoded(final=False))

    def flush(self) -> str:
        """The text still held back, without an unfinished character."""
        if self.stopped:
            return ""
        rest = self._release(self._decoded(final=True).rstrip(_REPLACEMENT))
        if not self.stopped:
            rest, self._held = rest + self._held, ""
        return rest

    def _decoded(self, *, final: bool) -> str:
        before = self._decode(self._tokens[self._context : self._read])
        after = self._decode(self._tokens[self._context :])
        pending = len(self._tokens) - self._read
        unfinished = after.endswith(_REPLACEMENT) and pending < _MOST_BYTES_OF_A_CHARACTER
        if unfinished and not final:
            return ""
        self._context, self._read = self._read, len(self._tokens)
        return after[len(before) :]

    def _release(self, text: str) -> str:
        text = self._held + text
        found = min((at for stop in self._stop if (at := text.find(stop)) >= 0), default=None)
        if found is not None:
            self.stopped, self._held = True, ""
            return text[:found]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that begins ``stop``."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
