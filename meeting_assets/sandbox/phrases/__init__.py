"""What people in the sandbox's meetings say: scenes per kind of meeting, and what the scenes are about."""
