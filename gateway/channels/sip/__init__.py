"""Channel ``sip``: telephone calls without a PBX, SIP over UDP (RFC 3261) and sound over RTP (RFC 3550), by aiosipua.

``door`` the server and its calls, ``gate`` who may talk to it, ``control`` what can be done to a call, ``transport``
the socket with what the library leaves to its user. No HTTP routes.
"""
