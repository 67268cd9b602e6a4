"""What is worth telling the operator, in words."""
