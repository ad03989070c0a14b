"""The OpenAPI 3.1 document of every HTTP route: data beside this file, completed by the code, at /openapi.json.

What flows in: ``*.yaml`` (paths by subject; ``shared.yaml``: what they have in common) and the settings. Out: JSON.
"""
