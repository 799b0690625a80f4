"""What the payments team builds its stacks from."""
