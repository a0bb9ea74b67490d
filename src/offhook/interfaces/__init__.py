"""One folder per telephone system; each comes in by the entry point ``offhook.interfaces``."""
