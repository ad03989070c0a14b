"""Copied as they are into an exported Triton model, where they run without the rest of Kefu."""
