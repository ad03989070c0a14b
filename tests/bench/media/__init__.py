"""Calls per core on the media path: WebSocket, decoding, voice activity detection, answer audio; engines are stubs.

Both systems run the same script (``script``) on one core each in turn; a generator on the other core (``load``) sends
20 ms frames on absolute deadlines. A frame's lateness is, for the microphone, from when it was due to be sent to when
the server's voice activity detection had answered for it; for answer audio, its arrival behind the playout that began
with the turn's first audio. The figure is the largest number of calls whose p99 of both is at most 20 ms, found by
doubling and bisection.
"""
