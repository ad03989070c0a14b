"""A shop's side of the REST contract, to be copied: ``server`` is the HTTP part, the shop behind it is the demo shop's.

.venv/bin/python -m tests.example_shop --port 8099 --token secret
"""
