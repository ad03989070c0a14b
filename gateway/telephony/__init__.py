"""What every telephone channel shares; see README.md. A channel adds a codec (``Dialect``) and its doors."""
