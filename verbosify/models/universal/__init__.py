"""Any causal language model of transformers, behind the protocol: slower than the fast engine, and open to all."""
