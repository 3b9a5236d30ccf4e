"""The paper's released code as a reference: its weight files, its vocabularies, and numbers that it computed."""
