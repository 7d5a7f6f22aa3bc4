"""The reference engine: gpt-2-simple's own graph."""
