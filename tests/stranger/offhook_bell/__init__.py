"""An interface of somebody else's: a bell tower that telephones."""
