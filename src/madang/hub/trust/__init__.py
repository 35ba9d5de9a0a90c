"""Who may do what, asked and answered: the gate that every request comes through, and what it is decided by."""
