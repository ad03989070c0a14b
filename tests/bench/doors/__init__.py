"""First audio through every door: the same spoken question to one gateway, by each door's client.

*Answer*: from the true end of the question as it was sent (``tests.bench.questions``) to the first audible sample of
the answer (``tests.bench.audible``), at the moment the client plays it. A client plays what it gets in order, at once
or when what came before is over. Where a door sends in real time over a network that delays, the client has a buffer
of its own, and what it adds counts: aiortc's for WebRTC, aiortp's for SIP. *Greeting*: the same from the moment the
caller's line is open: ``start`` was sent, SIP answered, WebRTC connected, the first response asked for.

Calls are made in rounds, one after the other through all doors, so that other work on the machine is shared by all of
them. Doors of writing, which have no line, are measured from the request.
"""
