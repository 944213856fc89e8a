"""From a lesson's text file to notebooks, and the proof that its tests are fair."""
