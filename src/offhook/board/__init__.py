"""A board: desks with their lines, what happens there, and the store that keeps it.

``key`` names a desk, ``switchboard`` runs them, ``desk_settings`` says what each desk's settings are, ``store`` is
what must outlive a crash and ``sqlite`` keeps it in a file, ``feed`` hands each desk its events in sequence. An
agent has one desk, a hub a company's.
"""
