"""What a trained linear-chain CRF says of a sentence: its best paths, and how probable paths and spans are."""
