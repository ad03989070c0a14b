"""Channel ``realtime``: OpenAI's Realtime API (GA) over WebSocket, on the voice session of every other channel.

``config`` the session object, ``client_events`` what a client sends, ``server_events`` and ``items`` what it gets,
``call`` one connection, ``door`` the routes. The event matrix is in gateway/README.md.
"""
