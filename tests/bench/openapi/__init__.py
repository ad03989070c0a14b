"""Fuzzing of every HTTP route from its own OpenAPI document, by schemathesis."""
