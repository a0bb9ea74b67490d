"""One module or folder per telephone system; each enters by the entry point ``offhook.interfaces``."""
