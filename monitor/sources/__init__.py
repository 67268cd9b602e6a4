"""The eyes: one file per source, and the contract that they fulfil."""
