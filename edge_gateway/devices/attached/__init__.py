"""What is attached to the box: seen, identified, recognised, and taken into use where the rule allows it."""
