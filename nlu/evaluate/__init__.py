"""What the understanding is worth on data that nobody here wrote: files in, scores out; see ``__main__``."""
