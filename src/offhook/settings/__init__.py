"""Settings: ``model`` names every one, ``layers`` finds the value in force and where it came from."""
