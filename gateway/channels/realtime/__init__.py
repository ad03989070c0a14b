"""Channel ``realtime``: OpenAI's Realtime API (GA) over WebSocket, on the voice session of every other channel.

``config`` the session object, ``client_events`` what a client sends, ``items`` the conversation as it knows it.
``server_events`` what it gets, of which ``utterances`` is what the customer says and ``responses`` what Kefu says.
``call`` one connection, ``line`` the voice session beside it, ``ears`` the sound that the client commits itself,
``questions`` what waits for its answer, ``functions`` the calls of the client's functions; ``door`` the routes.
``calls`` and ``peer``: the same over WebRTC.
The event matrix is in gateway/README.md.
"""
