"""What training needs in any engine: windows, corpora, fine-tuning, putting weights back, saving them."""
