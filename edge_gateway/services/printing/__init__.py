"""Print jobs: accepted when they are on disk, printed in order, and each with one end that is known or honestly not."""
