"""Skills of a bank-card hotline and their back end. Nothing outside this folder knows of banks."""
