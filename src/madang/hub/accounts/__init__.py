"""Who may sign in and with what they show who they are: people, keys of programs, applications of partners."""
