"""The fast engine: GPT-2 and Llama in PyTorch."""
