"""Fine-tunes a transformers encoder with a linear head: all of it, or low-rank adapters (LoRA, peft)."""
