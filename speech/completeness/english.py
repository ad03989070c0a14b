"""When English words sound finished."""

from __future__ import annotations

import re

from speech.completeness.rules import Completeness, Phrasebook, ends, whole

_COMPLETE, _OPEN, _UNFINISHED = Completeness.COMPLETE, Completeness.OPEN, Completeness.UNFINISHED

_OPENER = "((hi|hello|hey|so|and|but|well|okay|ok|um|uh|excuse me|sorry|yes|yeah|no|then),? )*"
_BE = "(is|are|was|were|do|does|did|am|has|have|had|can|could|will|would|should)"
_WANT = "(i want|i'd like|i would like|i need|please|can you|could you|can i|could i|may i|help me|we want|we need)"
_DO = "(return|cancel|exchange|refund|track|change|replace|check|update|find|speak|talk|get|file|report|send|see)"
_THING = (
    "(it|them|orders?|items?|package|parcel|purchase|refund|invoice|address|money back|agent|human|person|someone"
    "|representative|supervisor|manager|shipment|delivery|subscription|product|status|replacement)"
)

ENGLISH = Phrasebook(
    rules=(
        # courtesies
        ends(_UNFINISHED, f"^{_OPENER}please | (can|could|would|will) (you|i)( please)?( kindly)?"),
        ends(
            _COMPLETE,
            "(thanks|thank you)( so much| very much| a lot| again)? | please | (good)?bye | cheers",
            word=True,
        ),
        ends(_COMPLETE, "that's (all|it|right) | never ?mind | go ahead | h[oa][ln][dg] on", word=True),
        ends(
            _COMPLETE, "i (don't|do not|can't) (know|remember) | how (much|come) | why not | speak english", word=True
        ),
        # endings that only look cut off: short answers, verbs with a particle, questions that end in a preposition
        ends(_OPEN, f"^(yes|no|yeah|nope|yep)?,? ?(i|it|we|they|he|she|that|you) {_BE}(n't)?"),
        ends(
            _OPEN, "(log|sign|come|check|turn it|send it|set it|put it|try it|go|move) (in|on|off|up|back)", word=True
        ),
        ends(_COMPLETE, f"^{_OPENER}(what|where|who)('s| is| are| does| do| did) (\\S+ ){{1,5}}(of|from|for|like)"),
        # cut off in the middle
        ends(
            _UNFINISHED,
            "u+m+ | u+h+ | e+r+m* | h+m+ | like | you know | i mean | so | and | but | or | because | cause",
            word=True,
        ),
        ends(
            _UNFINISHED,
            "if | then | when | while | although | since | until | unless | than | also | plus | that's why",
            word=True,
        ),
        ends(
            _UNFINISHED,
            "the | an? | my | your | our | their | his | its | some | any | every | another | very | really",
            word=True,
        ),
        ends(
            _UNFINISHED,
            "too | just | actually | basically | maybe | not | only | of | to | for | from | with | at | by",
            word=True,
        ),
        ends(
            _UNFINISHED, "about | into | regarding | in | on | under | after | before | without | as | per", word=True
        ),
        ends(
            _UNFINISHED,
            f"{_BE} | be | been | being | (i|it|that|there|what|where|we|they)('m|'s|'d|'ve|'ll|'re)",
            word=True,
        ),
        ends(
            _UNFINISHED,
            "i | we | he | she | (i|we|you) (want|need|got|bought|ordered|tried|think|was wondering)",
            word=True,
        ),
        ends(
            _UNFINISHED,
            "do (you|they|we) | (does|did|have|has|can|could|will|would|should) (it|you|they|we|this)",
            word=True,
        ),
        ends(
            _UNFINISHED,
            "(can|could|would|will|do) you( please)? (tell me|check|see|look|find|give me|send me|know)",
            f"^{_OPENER}(can|could) you( please)? help( me)?",
            word=True,
        ),
        ends(
            _UNFINISHED,
            "let me( see| think| check)? | i'm (calling|looking|trying|wondering) | my (order|phone) number",
            word=True,
        ),
        # verbs and adjectives after which a noun is likely
        ends(
            _OPEN,
            "cancel|check|see|get|change|track|find|edit|purchase|use|request|create|have|make|know|let|send|add|help|view|update",
            "report|submit|take|give|tell|show|set|delete|buy|start|talk|speak|file|last|next|first|new|current|other|same|more",
            word=True,
        ),
        # whole questions and requests
        ends(_COMPLETE, f"^{_OPENER}(what|where|when|why|who|how|which)('s|'re)? .*\\S+ \\S+"),
        ends(_COMPLETE, f"^{_OPENER}{_BE} (you|i|it|there|my|the|this|that|they|we|your|these) .*\\S+ \\S+"),
        ends(
            _COMPLETE,
            f"{_WANT}.* {_DO}\\b.* {_THING}",
            f"{_WANT}.* (an? refund|an? invoice|an? agent|an? human)",
            word=True,
        ),
    ),
    answer=whole(
        "((yes|yeah|yep|yup|no|nope|nah|sure|ok|okay|correct|right|exactly|absolutely|of course|definitely|certainly"
        "|please|thanks|thank you|please do|go ahead|do it|don't|not now|not yet|i do|i don't|it is|it isn't"
        "|that's (right|correct|fine)|sounds good|fine|confirm|i confirm|cancel|mm-?hmm|uh-?huh)( |$)){1,4}"
    ),
    leads_to_number=whole(
        "((ok|okay|yes|yeah|sure|um|uh|right|so|well|wait|here|got it|i have it|it's|it is|here it is"
        "|let me (see|check|look|find it|get it)|(one|a|just a|give me a) (second|moment|sec|minute)"
        "|h[oa][ln][dg] on)( |$))+",
        ".*(number|id|digits|code)( is|'s| are)?",
    ),
    has_none=re.compile(r"\b(don't|do not|can't|cannot|didn't|not|no|lost|forgot|forget|where|what|how|why|never)\b"),
)
