"""What lines of code say: how good a border each is, what is literal, what defines something, and what that is in."""
