"""The schema's history, run by ``dialogue.database.migrate``."""
