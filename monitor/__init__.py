"""What is promised and what is seen: the guarantee's arithmetic, pure, with `now` always passed in."""
