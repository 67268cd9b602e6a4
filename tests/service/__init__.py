"""The service: its units, the command for the prompt, and the pages that install it, run block by block."""
