"""A played scene as JSON, for looking at failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from speech.types import Language, RecognitionFailed, SpeechEnded, SpeechStarted, Transcript
from tests.turn_taking.facts import Take
from tests.turn_taking.scenes import Scene
from tests.turn_taking.score import Score
from tests.turn_taking.voices import wanted


@dataclass(frozen=True, slots=True)
class Played:
    """One scene with what came of it."""

    scene: Scene
    take: Take
    score: Score


def report(played: Played, heard_alone: Callable[[str, Language], str]) -> dict[str, Any]:
    """Milliseconds on the microphone's clock; ``heard_alone``: see ``Voices``."""
    take = played.take
    return {
        "id": played.scene.id,
        "correct": played.score.is_correct,
        **asdict(played.score),
        "bot": played.scene.bot,
        "customer": [{"text": span.text, "speech": span.speech} for span in take.spans],
        "heard_alone": [heard_alone(*stretch) for stretch in wanted([played.scene])],
        "turns": [{"at_ms": round(turn.at_ms), "text": turn.text} for turn in take.turns],
        "answer_heard": [(round(s.start_ms), round(s.end_ms)) for s in take.stretches(opening=True)],
        "other_heard": [(round(s.start_ms), round(s.end_ms)) for s in take.stretches(opening=False)],
        "listening": list(_listening(take)),
    }


def _listening(take: Take) -> Iterable[dict[str, Any]]:
    for at_ms, event in take.heard:
        match event:
            case SpeechStarted(start_ms=start_ms):
                yield {"at_ms": round(at_ms), "started": round(start_ms)}
            case SpeechEnded(end_ms=end_ms):
                yield {"at_ms": round(at_ms), "ended": round(end_ms)}
            case Transcript(text=text, is_final=is_final):
                yield {"at_ms": round(at_ms), "final" if is_final else "partial": text}
            case RecognitionFailed(code=code):
                yield {"at_ms": round(at_ms), "failed": code}
