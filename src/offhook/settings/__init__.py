"""Settings: ``model`` names every one, ``values`` finds the value in force and where it came from."""
