"""The steps of the story, one module each; every claim is checked from outside the nodes."""
