from __future__ import annotations

import pytest

from speech.turn_taking import Interrupt, Resume, TurnTaking


def play(script: str) -> list[str]:
    """Words: ``bot@ms``, ``fixed@ms`` (not interruptible), ``quiet@ms``, ``start@ms`` and ``frame@ms``, ``end@ms``,
    ``said@ms``, ``nothing@ms``; ``next`` is the following bot turn."""
    floor, turn_id, out = TurnTaking(), 1, []
    for word in script.split():
        what, _, when = word.partition("@")
        now = float(when or 0)
        decision: Interrupt | Resume | None = None
        match what:
            case "next":
                turn_id += 1
            case "bot" | "fixed":
                floor.bot_speaks(turn_id, now, interruptible=what == "bot")
            case "quiet":
                floor.bot_silent()
            case "start":
                decision = floor.speech_started(now - 100, now)
            case "frame":
                decision = floor.speech_continues(now)
            case "end":
                floor.speech_ended()
            case "said" | "nothing":
                decision = floor.heard("退款" if what == "said" else " ")
        if decision is not None:
            out.append(f"{type(decision).__name__} {decision.turn_id} @{now:g}")
    return out


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("bot@0 start@1000 frame@1019 frame@1020 frame@1040", ["Interrupt 1 @1020"]),
        ("start@1000 frame@1100 end@1500 said@1600", []),
        ("bot@0 quiet@500 start@1000 frame@1200", []),
        ("fixed@0 start@1000 frame@2000 end@2500 nothing@2600", []),
        ("fixed@0 start@1000 frame@1500 bot@1600 frame@1620", ["Interrupt 1 @1620"]),
        ("start@1000 bot@1300 frame@1400 frame@1420", ["Interrupt 1 @1420"]),
        ("bot@0 start@1000 end@1010 frame@2000", []),
        ("bot@0 start@1000 frame@1100 quiet@1110 end@1500 said@1700", ["Interrupt 1 @1100"]),
        ("bot@0 start@1000 frame@1100 quiet@1110 end@1500 nothing@1700", ["Interrupt 1 @1100", "Resume 1 @1700"]),
        ("bot@0 start@1000 frame@1100 end@1200 nothing@1300 nothing@1400", ["Interrupt 1 @1100", "Resume 1 @1300"]),
        (
            "bot@0 start@1000 frame@1100 end@1200 nothing@1300 bot@1400 start@2000 frame@2200",
            ["Interrupt 1 @1100", "Resume 1 @1300"],
        ),
        (
            "bot@0 start@1000 frame@1100 end@1200 said@1300 next bot@1400 start@2000 frame@2100",
            ["Interrupt 1 @1100", "Interrupt 2 @2100"],
        ),
    ],
)
def test_floor(script: str, expected: list[str]) -> None:
    assert play(script) == expected
