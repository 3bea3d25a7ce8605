"""Words shared by all layers: errors, instants, intervals, words of speech."""
