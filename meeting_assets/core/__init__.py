"""Words shared by all layers: errors, instants, intervals, everybody's stretches of time at once, words of speech."""
